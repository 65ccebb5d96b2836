// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package wording

import "strings"

// vocabulary are the words that OrderCloud's sentences consist of. A person may have one as
// a username, and a sentence without it would say nothing, or tell the username.
var vocabulary = vocabularyOf(`
a about accept accepted access account action active actor add added address admin after again
all allow allowed already also an and another any api applies apply are array as ask asked
assigned assignment at attempt authenticate authenticated authentication authorization
authorized bad be because been before begin being belongs between body boolean both but buyer
buyers by call can cannot case change changed character characters check client code company
config configuration conflict conflicting contact contain contains content context cost could
create created current customer data date default delete deleted denied describe description
did digit digits disabled does down each either else email empty enabled encoded end
endpoint ended entered error exceed exceeded exceeds exist existing exists expired expires
failed failure false field fields filter find first firstname for forbidden found from full get
given go good grant granted grants greater group guest has have he held her his holds host id
identifier if in inactive incorrect input insufficient integer internal into invalid is it
item items its json just key known lack lacks large last lastname least length less letter
letters list locked login long longer lower lowercase make many marketplace match matches
maximum may me member message method minimum missing more most must name names needs never new
no none nor not nothing null number numbers object objects of off offline ok on once one only
open operation option or order orders other out over owner page parameter parse passed password
passwords path permission permissions permitted phone please policy portal post posted
processed product products profile property provided put range rate read received record
reference refresh refused rejected remove request requested required requirement requirements
requires resource response restricted result retry returned role roles root same save scope
search secret security seller send sent server service session set shopper short should size so
some something special specified staff state status still store string such supplier suppliers
supported symbol system take taken team terms test text than that the their them then there
these they this those time to token too true try two type unable unauthorized unavailable
unique unknown unsupported until up update updated upper uppercase uri url use used user
username users uses valid validation value values was way weak when where which while who will
with within without word words write wrong xp yes yet you your
`)

func vocabularyOf(text string) map[string]bool {
	words := map[string]bool{}
	for word := range strings.FieldsSeq(text) {
		words[word] = true
	}
	return words
}
