"""Asterisk app_queue: members with penalties, and callers who try them, each for himself, one attempt after the other.

A caller waits until it is his turn, makes one attempt at the members (`timeout` in all), rests for `retry`, and asks
again whether it is his turn. An attempt takes the members by their metrics, and goes on to the next only after a phone
has declined. The words are Asterisk's own: member, caller, penalty. After apps/app_queue.c of release 22.

Quirks that are emulated, each with a vector case or a test in `tests/test_compat_asterisk.py`:

| quirk | what it does |
| --- | --- |
| rest | nobody rings for a caller during `retry`, whoever becomes free (AST-01) |
| head of line | a first caller whom no free member may serve keeps all behind him waiting |
| no autofill | the second caller rings only once the first is connected (AST-20) |
| slow attempt | the pointer of rrmemory is set by the metrics of when the attempt began, and so back (AST-07) |
| past the end | an attempt in which nobody could ring moves the pointer on, and beyond the list |
| modulo 1000 | a pointer cannot reach the thousandth member (AST-52) |
| unanswered | a missed call is no call, so leastrecent and fewestcalls ring the same absent member for ever |
| newcomer | fewestcalls gives every call to whoever has had none (AST-14) |
| penalty in seconds | to leastrecent, a penalty of one is as much as 11.6 days of rest |
| ringall level | a level that does not answer rings again; one that declines opens the next (AST-15, AST-16) |
| penalty members | the limit makes bounds void as well, and wrandom does not know of it (AST-18) |
| unset bound | rules change the bound of a caller who came with one, and of nobody else (AST-38) |
| strict rule | an attempt at the very instant of a rule does not have it yet |
| weight | a heavier queue keeps a member whom its callers cannot use, or who ring elsewhere (AST-25, AST-26) |
| last queue | another queue breaks into a wrap-up (AST-40), but with `shared_lastcall` it counts there (AST-41) |
| priority | never grows (AST-29); a change that is not immediate moves nobody (AST-30) |
| autopause | `yes` pauses in the queue that rang only (AST-13) |
| app, conf | a time-out cuts an offer short, or not (AST-32, AST-33); in a rest it is seen at the rest's end |
| abandoned | `queue show` takes time-outs and empty queues for abandons (AST-50); our own measures do not |
| hold time | moves only with answers (AST-48), and the announced wait grows again (AST-49): `statistics` |

Not emulated:

| quirk | why not |
| --- | --- |
| polling each second | a turn is seen at the instant it comes; a poll would only add up to a second of chance |
| clocks of whole seconds | our instants are exact; only leastrecent counts whole seconds, as ties depend on it |
| order of equal metrics | there it follows a hash of the members' names; here their places in the list |
| dice of random, wrandom | drawn from the caller's id and the attempt, so that a replay draws the same |
| race for a member of two queues | there the thread that polls first; here the queue with the oldest contact |
| a lost join | there the call is over; here the caller rests and tries again, as no call that is up may be lost |
| `ringinuse=yes` | an agent has one conversation at a time (INV-01) |
| autopause `all` | is the native limit to missed offers (`missed_offers_max`), which applies in every queue |
| minimum and raised penalties, relative rules | no centre's file can say them |
| announcements, exits by key, `n`, `memberdelay` | are the menus' matter |
"""
