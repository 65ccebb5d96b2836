// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package ordercloud

// maximumIDLength is the longest ID that OrderCloud accepts [D].
const maximumIDLength = 100

const idProblem = "must be 1 to 100 characters out of A-Z, a-z, 0-9, _ and -"

// InvalidRequestError says that a request was refused by this client before
// anything was sent. Field names the offending part ("userID", "filter"),
// Problem says in words what is wrong with it; neither repeats the value.
type InvalidRequestError struct {
	Field   string
	Problem string
}

// Error returns "not sent: " followed by the field and its problem.
func (e *InvalidRequestError) Error() string {
	return "not sent: " + e.Field + " " + e.Problem
}

// checkID keeps "", "." and ".." out of paths: with them a request for one
// object would turn into one for its whole collection or for another resource.
func checkID(field, id string) error {
	if id == "" || len(id) > maximumIDLength {
		return &InvalidRequestError{Field: field, Problem: idProblem}
	}
	for _, character := range []byte(id) {
		if !isIDCharacter(character) {
			return &InvalidRequestError{Field: field, Problem: idProblem}
		}
	}
	return nil
}

func isIDCharacter(character byte) bool {
	return character >= 'a' && character <= 'z' ||
		character >= 'A' && character <= 'Z' ||
		character >= '0' && character <= '9' ||
		character == '_' || character == '-'
}
