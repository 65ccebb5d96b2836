// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import "fmt"

// page is docs/benchmarks.md: the table, the machine, the versions.
const page = `# Benchmarks

This page is written by ` + "`make bench`" + `; change test/bench instead of it.

What the operator costs with so many objects, 90 %% BuyerUsers of ten buyers and
10 %% ImpersonationConfigs. A figure that does not meet its target is marked.

%s
## How it was measured

The operator runs as a process of its own, with the rights of its role, against a
real kube-apiserver and etcd and an OrderCloud in memory that answers after
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
  nothing to do, is killed and started again. The time is from the start of the
  process until all objects were looked at and nothing waits for a worker.
- **Memory** is the largest resident set that was seen, once a second. **CPU** is
  the operator's, over all its processes.

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
` + "```" + `
`

func renderDocument(where environment, results []figures) string {
	machine := sentence(plural(where.cores, "core"), where.platform, where.memory)
	return fmt.Sprintf(page, renderTable(results), where.date, machine,
		where.operator, where.golang, where.kubernetes, where.controllerRuntime)
}
