// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strings"
)

// page is docs/benchmarks.md: the table, the machine, the versions.
const page = `# Benchmarks

This page is written by ` + "`make bench`" + `; change test/bench instead of it.

What the operator costs with so many objects, 90 %% BuyerUsers of ten buyers and
10 %% ImpersonationConfigs. A figure that does not meet its target is marked.

%s
## How it was measured

The operator runs as a process of its own, with the arguments of its Deployment and the
rights of its role, against a real kube-apiserver and etcd and an OrderCloud in memory that answers after
50 ms. All of them, and the measuring program, share the machine. Each size has a
fresh control plane. The Marketplace allows 1,000 requests per second and 64 at a
time.

- **Limits**: in the same run, without the operator and 64 at once. The API server
  takes three writes for each object (creation, metadata, status) in another
  namespace; another OrderCloud takes one POST for each.
- **Creation**: 64 clients create the objects. Times are from the first creation.
  Calls are all that the marketplace saw up to then, tokens and the look at the
  Marketplace included. Kubernetes writes are what the API server counted, less
  the benchmark's own; those of the Marketplace, whose counts are written at most
  once a second, and events are told apart.
- **Steady**: three intervals in which nothing changes, after the sweep that the
  shorter interval set off.
- **1 %% changed**: so many users are changed in OrderCloud at once. Corrected means
  in OrderCloud and in the status.
- **Edits**: all objects are woken again and again, and meanwhile one spec after
  the other is changed. The time is from the API server's answer to the arrival of
  the write in OrderCloud. An edit counts only if other objects were looked at
  meanwhile.
- **Outage**: OrderCloud answers 503 to everything for 60 s, and all objects are
  woken at its start. Recovery is the time from its end until all are Synced.
- **Restart**: the Marketplace allows 100 requests per second; the operator has
  nothing to do, is stopped and started again. The time is from the start of the
  process until all objects were looked at and nothing waits for a worker. The events
  are those of the leader's lease.
- **Memory** is the largest resident set that was seen, once a second. **CPU** is
  the operator's, over all its processes.

%s
## Where

| what               | value |
|--------------------|-------|
| date               | %s |
| machine            | %s |
| operator           | %s |
| Go                 | %s |
| Kubernetes         | %s |
| controller-runtime | %s |

## Again

` + "```console" + `
$ make bench                      # all sizes; writes this page
$ make bench N=1000               # one size, or several: N=100,1000
$ make bench N=100 JSON=out.json  # the figures as JSON, too
$ make bench-start                # the section about starts
$ make bench-neighbours           # the section about neighbours
$ make bench-rest                 # the section about objects at rest; N=1000,10000 INTERVAL=1m
$ make bench-borne                # the section about a marketplace that bears little
` + "```" + `
`

// startPage is the section of the page that make bench-start writes.
const startPage = startHead + `

The time from the start of the process until its readiness probe says yes, which is
when its caches are filled, and how many watches it began until then: it needs one
for each of six kinds. It runs with the arguments of its Deployment, as a replica that
waits to become the leader, so that it writes nothing. Another build beside it was
measured in the same run, on the same control plane.

%s
- **400 kB/s**: all that the operator receives from the API server passes a link that
  carries no more.
- **50m of CPU**: what the Deployment requests, and all that is left for it on a busy
  node. The operator is stopped and continued by signals, SIGSTOP and SIGCONT, so that
  since its start it has used 5 %% of one core, as the kernel counts. It is not a
  cgroup's quota, which needs rights that not everybody has.

Measured %s with operator %s on %s.
`

// startHead begins the section.
const startHead = "## Starts"

// neighbourHead begins the section of make bench-neighbours.
const neighbourHead = "## Neighbours"

// neighbourPage is that section.
const neighbourPage = neighbourHead + `

How long somebody waits while another tenant keeps the operator busy, beside the same when
nothing else happens. Each row has a control plane of its own, and is asked for at least 20
times. The target is a p99 of 2 s. An edit has arrived when OrderCloud has it; a
user or a token when it is Ready; a check when the status tells it. A new token is asked for
six seconds after the one before, so that the other asks less than its half of the requests.
Each client of the API server reads pages of 50 of 1,000 objects, and every fourth writes.

%s
Measured %s with operator %s on %s.
`

// restHead begins the section of make bench-rest.
const restHead = "## At rest"

// restPage is that section.
const restPage = restHead + `

The calls of objects of one Marketplace over ten intervals of %s in which nothing changes, by
object and interval. What is compared at the interval comes every 95 %% of it, so that ten
intervals have ten or eleven sweeps. A list of impersonation configs has a hundred of them; one of users by
their IDs has as many as fit into a URL of 2,000 characters, about 94 of these.

%s
Measured %s with operator %s on %s.
`

// borneHead begins the section of make bench-borne.
const borneHead = "## A marketplace that bears less than is declared"

// bornePage is that section.
const bornePage = borneHead + `

A marketplace answers 429 with Retry-After: 1 to what is more than it bears, one second's worth at once,
while configs are created in it.

%s
Measured %s with operator %s on %s.
`

// sectionHeads are those of the sections that have a run of their own, in their order.
var sectionHeads = []string{startHead, neighbourHead, restHead, borneHead}

// sectionsOf are all sections of the page that other runs have written.
func sectionsOf(page string) string {
	var sections []string
	for _, head := range sectionHeads {
		sections = append(sections, sectionOf(page, head))
	}
	return strings.Join(sections, "\n")
}

// sectionOf is the section of the page that another run has written.
func sectionOf(page, head string) string {
	_, after, found := strings.Cut(page, head)
	if !found {
		return ""
	}
	section, _, _ := strings.Cut(after, "\n## ")
	return head + section
}

// renderSection fills a section's page in: its own values, and where they were measured.
func renderSection(page string, where environment, values ...any) string {
	return fmt.Sprintf(page, append(values, where.date, where.operator, where.machine())...)
}

// machine is where the figures were measured.
func (e environment) machine() string {
	return sentence(plural(e.cores, "core"), e.platform, e.memory)
}

func renderDocument(where environment, results []figures, sections string) string {
	return fmt.Sprintf(page, renderTable(results), sections, where.date, where.machine(),
		where.operator, where.golang, where.kubernetes, where.controllerRuntime)
}
