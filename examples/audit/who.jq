# Who asked for each write to OrderCloud: the first in the audit log of the API server who
# brought an object (its UID) to the state (its generation) that the operator's log names.
# A deletion is a generation of its own; deletecollection answers with those before it.
def states:
  .verb as $verb | .responseObject | .items // [.] | .[].metadata
  | {uid, generation: (.generation + if $verb == "deletecollection" and .deletionTimestamp == null then 1 else 0 end)};
def key: "\(.uid) \(.generation)";

[$requests[]
  | select(.objectRef.apiGroup == "ordercloud.io" and .responseStatus.code < 300)
  | {at: .requestReceivedTimestamp, who: .user.username, verb} + states
] | sort_by(.at) | reverse | INDEX(key) as $asked
| $writes[]
| $asked[key] as $by
| [.ts, $by.who // "unknown", $by.verb // "-", .reason, .path, (.fields | join(",") | if . == "" then "-" else . end), .outcome, .requestID]
| @tsv
