/*
 * remit_verifier.h: decides offline what an agent may do, and signs what an agent asks (libremit_verifier).
 *
 *   remit_policy policy;
 *   remit_verifier verifier;
 *   remit_verdict verdict;
 *   remit_question question = {.presentation = {bytes, length}, .invocation = {signed_bytes, signed_length}};
 *
 *   if (remit_policy_from_toml(remit_text(toml), NULL, &policy) != REMIT_OK) ...
 *   if (remit_verifier_new(policy, 0, &verifier) != REMIT_OK) ...
 *   if (remit_verify(verifier, &question, now_ms, &verdict) == REMIT_OK) serve();
 *   else say(remit_get(verdict.id, REMIT_JSON));
 *   remit_free(verdict.id);
 *
 * Success. Every function that returns `int32_t` returns REMIT_OK (0) for a yes, or for what is done, and for nothing
 * else. A positive number from 100 on is a code of spec/15-codes.md (remit_codes.h has their names): the answer is no, for
 * this reason. 1 to 99 are answers that are neither, each told with its function. A negative number is a mistake in the call, or in this library.
 * remit_status_text() gives the stable text of each, remit_status_meaning() a sentence.
 *
 * Ownership. What you pass (remit_bytes, lists, structures) is yours and is only read during the call; it must not change
 * meanwhile. Objects belong to the library: you hold a number, in a structure for each kind, and give it back with
 * remit_free() when you no longer need it. A number that was freed, was never given, or is of another kind is
 * REMIT_BAD_HANDLE and nothing worse; no number is given twice. A function that fails leaves 0 in its `out`, but for
 * remit_verify(), remit_case_verdict() and remit_decide(): their no is an object too, to be read and freed.
 *
 * Views. A remit_view points into an object and is good until that object is freed. A zero byte stands behind it, which
 * `len` does not count, so that a text without zero bytes is a C string too. An absent part has `data` NULL.
 *
 * Lengths. All are in bytes. `data` NULL with `len` 0 is absent, which is not the same as empty; NULL with another length
 * is REMIT_BAD_POINTER. More than 16 MiB (64 MiB of what is followed), or 65 536 items, are `oversize`; so is what is
 * longer than its own bound (spec/12-limits.md). Ids, keys and hashes go in as 32 bytes or as 64 hexadecimal digits, and come out as digits.
 *
 * Time. The library reads no clock: `now_ms` is milliseconds since 1970, by your clock. Names that end in _s are seconds.
 *
 * Threads. Every function may be called from every thread at any time. One verifier judges one request at a time: make one
 * for each thread if that is too slow. Do not free an object while another thread reads a view of it.
 *
 * No panic leaves the library; a bug of its own is REMIT_BUG. It opens no file and no socket. Nonces that you do not give
 * come from the operating system.
 */
#ifndef REMIT_VERIFIER_H
#define REMIT_VERIFIER_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "remit_codes.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- What functions return, besides codes ---- */

enum {
    REMIT_OK = 0,            /* yes, or done */
    REMIT_PERMITTED = 1,     /* permitted, not funded: not a yes */
    REMIT_REPEATED = 2,      /* the last voucher again: it was taken before, nothing is served for it */
    REMIT_NOT_SINCE = 10,    /* an update from another state than the one that is followed */
    REMIT_BEHIND = 11,       /* an update of a smaller log than the one that is followed */
    REMIT_NOT_CONSISTENT = 12, /* an update that does not prove that the log only grew: keep both notes */
    REMIT_FORK = 13,         /* two histories of one size, signed by the log: keep both notes, accept nothing more */
    REMIT_OTHER_LOG = 20,    /* a receipt of another log, or by another key */
    REMIT_OTHER_SIZE = 21,   /* a receipt whose proof is for another size than the one that is signed */
    REMIT_BAD_POINTER = -1,  /* NULL where it must not be, or not aligned */
    REMIT_BAD_HANDLE = -2,   /* no object of this kind has this number */
    REMIT_NOT_UTF8 = -3,     /* a text is not UTF-8 */
    REMIT_BAD_VALUE = -4,    /* a value that is not possible here */
    REMIT_ABSENT = -5,       /* the object has no such part */
    REMIT_NO_POLICY = -6,    /* the text is no policy file; see remit_problem */
    REMIT_FULL = -7,         /* 1 048 576 objects are there: some were not freed */
    REMIT_NO_RANDOM = -8,    /* the operating system gives no random numbers */
    REMIT_NO_SIGNATURE = -9, /* the key gives no signature */
    REMIT_BUG = -99          /* a bug of this library: do not use the objects of the call again */
};

/* The stable text of a status, such as "stale", and what it means; NULL for a number that is none. Never freed. */
const char *remit_status_text(int32_t status);
const char *remit_status_meaning(int32_t status);

/* The number of the code at this place of spec 15, from 0 on; 0 where there are no more. */
int32_t remit_code_at(size_t place);

/* The version of the library. Never freed. */
const char *remit_version(void);

/* ---- What goes in ---- */

typedef struct remit_bytes { const uint8_t *data; size_t len; } remit_bytes;
typedef struct remit_bytes_list { const remit_bytes *items; size_t len; } remit_bytes_list;

/* A number that may be absent: {1, number}, or {0, 0}. */
typedef struct remit_maybe { int32_t is_there; uint64_t number; } remit_maybe;

/* Bytes that are absent. */
static inline remit_bytes remit_none(void) {
    remit_bytes none = {NULL, 0};
    return none;
}

/* A C string as bytes. */
static inline remit_bytes remit_text(const char *text) {
    remit_bytes bytes = {(const uint8_t *)text, text == NULL ? 0 : strlen(text)};
    return bytes;
}

/* ---- What comes out ---- */

typedef struct remit_view { const uint8_t *data; size_t len; } remit_view;

/* A view as bytes, to be passed on. */
static inline remit_bytes remit_lend(remit_view view) {
    remit_bytes bytes = {view.data, view.len};
    return bytes;
}

typedef struct remit_policy { uint64_t id; } remit_policy;
typedef struct remit_route { uint64_t id; } remit_route;
typedef struct remit_verifier { uint64_t id; } remit_verifier;
typedef struct remit_verdict { uint64_t id; } remit_verdict;
typedef struct remit_case { uint64_t id; } remit_case;
typedef struct remit_argument_value { uint64_t id; } remit_argument_value;
typedef struct remit_fields { uint64_t id; } remit_fields;
typedef struct remit_decision { uint64_t id; } remit_decision;
typedef struct remit_reply { uint64_t id; } remit_reply;
typedef struct remit_holder { uint64_t id; } remit_holder;
typedef struct remit_signed { uint64_t id; } remit_signed;
typedef struct remit_lease { uint64_t id; } remit_lease;
typedef struct remit_till { uint64_t id; } remit_till;
typedef struct remit_wallet { uint64_t id; } remit_wallet;
typedef struct remit_followed { uint64_t id; } remit_followed;
typedef struct remit_status_table { uint64_t id; } remit_status_table;
typedef struct remit_shown { uint64_t id; } remit_shown;
typedef struct remit_authority { uint64_t id; } remit_authority;
typedef struct remit_witness { uint64_t id; } remit_witness;

/* Frees an object; REMIT_BAD_HANDLE if there is none, as after a second call. Views of it are no longer good. */
int32_t remit_free(uint64_t id);

/* How many objects there are, to find what was not freed. */
int32_t remit_objects(size_t *out);

/* Parts of objects. Which object has which stands with the function that makes it. */
enum {
    /* Texts and bytes: remit_get(). */
    REMIT_BYTES = 1, REMIT_JSON = 2, REMIT_ID = 3, REMIT_REQUEST_ID = 4, REMIT_ROOT = 5, REMIT_TOKEN = 6,
    REMIT_HOLDER = 7, REMIT_ISSUER = 8, REMIT_LEDGER = 9, REMIT_AUDIENCE = 10, REMIT_ACTION = 11,
    REMIT_RESOURCE = 12, REMIT_UNIT = 13, REMIT_REQUEST = 14, REMIT_INVOCATION = 15, REMIT_PRESENTATION = 16,
    REMIT_EVIDENCE = 17, REMIT_POLICY = 18, REMIT_PARTY = 19, REMIT_TILL = 20, REMIT_LAST = 21, REMIT_NAME = 22,
    REMIT_TEXT = 23, REMIT_DIGEST = 24, REMIT_SALT = 25, REMIT_PUBLIC_KEY = 26, REMIT_RECORD_ID = 27,
    REMIT_RECORD_REQUEST = 28, REMIT_RECORD_ROOT = 29, REMIT_NOTE = 30, REMIT_LEAF_HASH = 31, REMIT_ORIGIN = 32,
    /* Numbers: remit_get_number(). */
    REMIT_DECISION = 50, REMIT_CODE = 51, REMIT_AGE_MS = 52, REMIT_AMOUNT = 53, REMIT_SETTLE_BY = 54,
    REMIT_REFUND_UNTIL = 55, REMIT_VALID_UNTIL = 56, REMIT_MAX_STALENESS = 57, REMIT_SKEW_MS = 58,
    REMIT_DURABLE = 59, REMIT_HTTP_STATUS = 60, REMIT_NUMBER = 61, REMIT_CUMULATIVE = 62, REMIT_SPEND_UNTIL = 63,
    REMIT_PER_USE = 64, REMIT_CLOSED = 65, REMIT_NOW_MS = 66, REMIT_NEWEST = 67, REMIT_TYPE = 68,
    REMIT_INTEGER = 69, REMIT_RECORD_UNTIL = 70, REMIT_ANSWER = 71, REMIT_SIZE = 72, REMIT_LEAVES = 73,
    REMIT_COMMITTED_MS = 74, REMIT_FROZEN = 75, REMIT_LEAF_STATUS = 76, REMIT_EVIDENCE_MS = 77, REMIT_IS_EVIDENCE = 78,
    REMIT_TIME = 79, REMIT_INDEX = 82,
    /* Lists: remit_item(). */
    REMIT_ARGUMENTS = 80, REMIT_APPROVALS = 81
};

/* A text, or bytes, of an object; {NULL, 0} if it has no such part. */
remit_view remit_get(uint64_t id, int32_t part);

/* A number of an object; REMIT_ABSENT if it has no such part. */
int32_t remit_get_number(uint64_t id, int32_t part, uint64_t *out);

/* An item of a list, from 0 on; {NULL, 0} where there are no more. */
remit_view remit_item(uint64_t id, int32_t part, size_t place);

/* One check of a verdict, in the order in which they were made. `outcome`: 1 passed, 2 skipped, 0 failed, and then `code`
   says why. `link`: which link of the chain, the root being 1; 0 where it is of none. */
typedef struct remit_check_row { remit_view name; int32_t outcome; int32_t code; int32_t link; } remit_check_row;

/* The check at this place, from 0 on; REMIT_ABSENT where there are no more. */
int32_t remit_check(uint64_t id, size_t place, remit_check_row *out);

/* One header field; names are in lower case. */
typedef struct remit_header_row { remit_view name; remit_view value; } remit_header_row;

/* The header field at this place, from 0 on; REMIT_ABSENT where there are no more. */
int32_t remit_header(uint64_t id, size_t place, remit_header_row *out);

/* ---- The policy of a service (spec 13) ---- */

/* Why a text is no policy file: the line from 1 on (0: the file), the problem, and the key, or "". */
typedef struct remit_problem { uint64_t line; char code[32]; char key[32]; } remit_problem;

/* Reads a policy file. `problem` may be NULL.
   Parts: REMIT_PARTY; REMIT_MAX_STALENESS (seconds), REMIT_SKEW_MS, REMIT_DURABLE (1: what is served is recorded on a
   disk). */
int32_t remit_policy_from_toml(remit_bytes text, remit_problem *problem, remit_policy *out);

/* What the routes make of a request; `no_route`.
   Parts: REMIT_ACTION, REMIT_RESOURCE; where it states a cost, REMIT_AMOUNT and REMIT_UNIT. */
int32_t remit_policy_route(remit_policy policy, remit_bytes method, remit_bytes target, remit_route *out);

/* ---- Verdicts (spec 09, 10) ---- */

/* What was brought. Each argument is encoded (REMIT_BYTES of a remit_argument_value); approvals are signed objects.
   Without an invocation the presentation alone is judged, and the best answer is REMIT_PERMITTED. */
typedef struct remit_question {
    remit_bytes presentation;
    remit_bytes invocation;
    remit_bytes_list arguments;
    remit_bytes_list approvals;
    remit_bytes evidence;
} remit_question;

/* A verifier with a policy (which may be freed after), and the time of the newest evidence that it ever saw: 0, or what
   remit_verifier_newest() gave before a restart. */
int32_t remit_verifier_new(remit_policy policy, uint64_t newest_ms, remit_verifier *out);

/* From now on nothing is judged by a clock that shows less than this. */
int32_t remit_verifier_see(remit_verifier verifier, uint64_t newest_ms);

/* Time of the newest evidence that was accepted. */
int32_t remit_verifier_newest(remit_verifier verifier, uint64_t *out);

/* Judges at `now_ms`: REMIT_OK is *allowed*, REMIT_PERMITTED *permitted, not funded*, a code *denied*. With each of these
   `out` has a verdict. That it is allowed does not say that it was not served before: see remit_decide().
   Parts: REMIT_JSON (spec 10, section 13); REMIT_LEDGER, REMIT_ISSUER, REMIT_ROOT, REMIT_TOKEN, REMIT_HOLDER, REMIT_ID (of
   the invocation), REMIT_REQUEST_ID (of the approved request), REMIT_AUDIENCE, REMIT_ACTION, REMIT_RESOURCE, REMIT_REQUEST
   (digest), REMIT_UNIT; REMIT_DECISION (2 allowed, 1 permitted, 0 denied), REMIT_CODE, REMIT_AGE_MS, REMIT_AMOUNT,
   REMIT_SETTLE_BY, REMIT_REFUND_UNTIL, REMIT_VALID_UNTIL; and checks. */
int32_t remit_verify(remit_verifier verifier, const remit_question *question, uint64_t now_ms, remit_verdict *out);

/* Whether evidence of funding is of an entry in a trusted log. */
int32_t remit_proves(remit_verifier verifier, remit_bytes evidence, uint64_t now_ms);

/* Decodes a case file.
   Parts: REMIT_BYTES, REMIT_PRESENTATION, REMIT_INVOCATION, REMIT_EVIDENCE, REMIT_POLICY; REMIT_NOW_MS, REMIT_NEWEST;
   lists REMIT_ARGUMENTS, REMIT_APPROVALS. */
int32_t remit_case_decode(remit_bytes bytes, remit_case *out);

/* Writes a case file: what you judged, so that anybody can judge it again. Parts as above. */
int32_t remit_case_encode(const remit_question *question, remit_bytes policy, uint64_t now_ms, uint64_t newest_ms,
                          remit_case *out);

/* The verdict on a case file by its own policy, if `policy.id` is 0, or by another. As remit_verify(). */
int32_t remit_case_verdict(remit_bytes bytes, remit_policy policy, remit_verdict *out);

/* ---- Following a ledger (spec 22) ----
 *
 * 1. Once, remit_followed_begin() with what the ledger answers to GET /v1/status?since=0; after a restart
 *    remit_followed_restore() with what you stored, and never begin anew.
 * 2. From time to time remit_followed_advance() with the answer to since=REMIT_SIZE. Store REMIT_BYTES, synced, then
 *    remit_verifier_follow(), then free the state before.
 * 3. REMIT_FORK: store REMIT_NOTE and the update for ever, tell somebody, and accept nothing more of this ledger.
 *    REMIT_NOT_CONSISTENT: store them and tell somebody; the next update may be good.
 *
 * States never change, and a verifier keeps what it follows by itself: a state may be freed after.
 */

/* The first state, of an update since 0. REMIT_NOT_SINCE, or a code.
   Parts: REMIT_BYTES, which you store; REMIT_LEDGER, REMIT_ROOT (of the log), REMIT_NOTE (the checkpoint); REMIT_SIZE (of
   the log), REMIT_LEAVES (of the state), REMIT_COMMITTED_MS, REMIT_FROZEN (1: the whole ledger is). */
int32_t remit_followed_begin(remit_policy policy, remit_bytes update, uint64_t now_ms, remit_followed *out);

/* The next state; `followed` itself does not change. REMIT_NOT_SINCE, REMIT_BEHIND, REMIT_NOT_CONSISTENT, REMIT_FORK, or a
   code. Parts as above. */
int32_t remit_followed_advance(remit_followed followed, remit_policy policy, remit_bytes update, uint64_t now_ms,
                               remit_followed *out);

/* A state out of its REMIT_BYTES. Whether the policy still accepts its checkpoint, each verdict asks. Parts as above. */
int32_t remit_followed_restore(remit_bytes snapshot, remit_followed *out);

/* The status of a leaf (spec 06, section 6): 0 live, 1 revoked or ended, 2 suspended or frozen, 3 changed; REMIT_ABSENT if
   the state has no such leaf. */
int32_t remit_followed_status(remit_followed followed, uint64_t index, uint64_t *out);

/* Judges by this state from now on, where it is newer than a presentation; it takes the place of another of the same
   ledger. */
int32_t remit_verifier_follow(remit_verifier verifier, remit_followed followed);

/* A table of statuses after changes (spec 22, section 2); `before`, of `before_size` leaves, is written as changes to a
   table in which every status is 0. Parts: REMIT_BYTES, the table after them, written so too; REMIT_ROOT, of its status
   tree. */
int32_t remit_status_changes(remit_bytes before, uint64_t before_size, remit_bytes changes, uint64_t size,
                             remit_status_table *out);

/* A value: `kind` 1 integer, 2 text, 3 truth (`integer` 0 or 1). */
typedef struct remit_value { int32_t kind; int64_t integer; remit_bytes text; } remit_value;

/* Makes an argument. `salt` is 16 bytes, or absent: then it is drawn.
   Parts: REMIT_BYTES, REMIT_NAME, REMIT_SALT, REMIT_DIGEST; REMIT_TYPE (the kind); REMIT_TEXT, or REMIT_INTEGER (in two's
   complement). */
int32_t remit_argument(remit_bytes name, remit_value value, remit_bytes salt, remit_argument_value *out);

/* Decodes an argument. Parts as above. */
int32_t remit_argument_decode(remit_bytes bytes, remit_argument_value *out);

/* ---- Requests over HTTP (spec 20) ----
 *
 * 1. remit_fields_read(): `no_invocation` if there is none.
 * 2. Find what REMIT_PRESENTATION and REMIT_EVIDENCE of the fields name, among what was brought before.
 * 3. remit_content() over what you read; remit_decide().
 * 4. If that is REMIT_OK: record REMIT_RECORD_ID as served until REMIT_RECORD_UNTIL + 2 skews, and, where it is there,
 *    REMIT_RECORD_REQUEST for a week; synced, before you serve. What is recorded already is `served_before`. How long a new
 *    record refuses, and which room it has, says spec 20, section 5: the library keeps no record.
 * 5. remit_answer() gives status, header fields and content of the answer.
 */

typedef struct remit_header_field { remit_bytes name; remit_bytes value; } remit_header_field;
typedef struct remit_header_list { const remit_header_field *items; size_t len; } remit_header_list;

/* A request as you received it. The authority is that of `Host`; the digest is that of remit_content(). */
typedef struct remit_received {
    remit_bytes method;
    remit_bytes authority;
    remit_bytes target;
    remit_bytes content_sha256;
} remit_received;

/* SHA-256; of absent bytes that of none. */
int32_t remit_sha256(remit_bytes bytes, uint8_t out[32]);

/* The digest of a request's content, which was read, or is absent if nobody read it; and the value of `Content-Digest`, or
   absent. `wrong_request` if they differ. */
int32_t remit_content(remit_bytes content, remit_bytes content_digest, uint8_t out[32]);

/* The SHA-256 that a `Content-Digest` field states; REMIT_ABSENT if it states none. */
int32_t remit_content_digest(remit_bytes value, uint8_t out[32]);

/* A `Content-Digest` field with this SHA-256. Part: REMIT_TEXT. */
int32_t remit_content_digest_write(remit_bytes content_sha256, remit_reply *out);

/* The digest that an invocation states of a request. */
int32_t remit_request_digest(const remit_received *received, remit_bytes presentation_sha256, uint8_t out[32]);

/* Reads the Remit-... fields among all header fields of a request.
   Parts: REMIT_INVOCATION (bytes), REMIT_PRESENTATION, REMIT_EVIDENCE (their SHA-256); lists REMIT_ARGUMENTS,
   REMIT_APPROVALS; and header fields. */
int32_t remit_fields_read(remit_header_list headers, remit_fields *out);

/* The fields with which this is sent. Parts as above. */
int32_t remit_fields_write(const remit_question *question, remit_fields *out);

/* Decides on a request, but for the record (spec 20, section 5, steps 2 to 7). With REMIT_OK and with a code `out` has a
   decision. `unknown_presentation` if presentation or evidence are not those that the fields name.
   Parts: those of a verdict, once there is one; REMIT_ANSWER (0, or the code that decided); and, with REMIT_OK,
   REMIT_RECORD_ID, REMIT_RECORD_REQUEST, REMIT_RECORD_ROOT, REMIT_RECORD_UNTIL (seconds). */
int32_t remit_decide(remit_verifier verifier, const remit_received *received, remit_fields fields,
                     remit_bytes presentation, remit_bytes evidence, uint64_t now_ms, remit_decision *out);

/* What is answered. `refused` is 0 where it is served, and then the decision must have been REMIT_OK (REMIT_BAD_VALUE); else
   the code that decided, also of steps before there was a decision (`decision.id` 0) and of the record. `content_sha256`
   may be absent; `content_was_read` is 1 if you read the content.
   Parts: REMIT_HTTP_STATUS; REMIT_JSON, the content; and header fields. */
int32_t remit_answer(remit_decision decision, remit_policy policy, int32_t refused, remit_bytes content_sha256,
                     int32_t content_was_read, remit_reply *out);

/* ---- The side that asks ---- */

/* Takes a key: a seed of 32 bytes, or an unencrypted PKCS #8 key in PEM. Wiped when it is freed. Part: REMIT_PUBLIC_KEY. */
int32_t remit_holder_new(remit_bytes key, remit_holder *out);

/* What is asked of a party. With an amount go unit and settle_by_s; without one they are absent and 0. `nonce` of 16 bytes
   is drawn if absent; `request_nonce` is that of the approved request; an absent `valid_until_s` is as late as a service
   takes. */
typedef struct remit_ask {
    remit_bytes audience;
    remit_bytes action;
    remit_bytes resource;
    remit_bytes_list arguments;
    remit_maybe amount;
    remit_bytes unit;
    uint64_t settle_by_s;
    remit_maybe refund_until_s;
    remit_bytes request_nonce;
    remit_maybe valid_until_s;
    remit_bytes nonce;
} remit_ask;

/* Signs an invocation on the last token of a presentation; `request` is the digest of the service's own request, or absent.
   Codes: `wrong_holder`, and those of what no decoder takes. Parts: REMIT_ID, REMIT_BYTES. */
int32_t remit_invoke(remit_holder holder, remit_bytes presentation, const remit_ask *ask, remit_bytes request,
                     uint64_t now_ms, remit_signed *out);

/* A request that is to be sent. The authority is that of the URL, in lower case. */
typedef struct remit_sent {
    remit_bytes method;
    remit_bytes authority;
    remit_bytes target;
    remit_bytes content;
    remit_bytes_list approvals;
    remit_bytes evidence;
} remit_sent;

/* Signs an HTTP request: header fields are what is to be sent with it. */
int32_t remit_request(remit_holder holder, remit_bytes presentation, const remit_ask *ask, const remit_sent *sent,
                      uint64_t now_ms, remit_signed *out);

typedef struct remit_value_list { const remit_value *items; size_t len; } remit_value_list;

/* A condition on an argument; `op` is eq ne lt le gt ge in prefix. */
typedef struct remit_condition { remit_bytes argument; remit_bytes op; remit_value_list operands; } remit_condition;
typedef struct remit_condition_list { const remit_condition *items; size_t len; } remit_condition_list;

/* One alternative of what is allowed; a list that is absent allows all, an empty one nothing. */
typedef struct remit_permission {
    remit_bytes_list services;
    remit_bytes_list actions;
    remit_bytes_list resources;
    remit_condition_list conditions;
} remit_permission;
typedef struct remit_permission_list { const remit_permission *items; size_t len; } remit_permission_list;

/* How much of a unit may be spent, in all and with one use. */
typedef struct remit_budget { remit_bytes unit; remit_maybe total; remit_maybe per_use; } remit_budget;
typedef struct remit_budget_list { const remit_budget *items; size_t len; } remit_budget_list;

/* What an offline link says; what is absent is inherited. `delegation_mode` is none, logged or offline. */
typedef struct remit_link {
    remit_bytes holder;
    uint64_t expires_s;
    remit_maybe not_before_s;
    remit_permission_list permissions;
    remit_bytes delegation_mode;
    uint64_t delegation_depth;
    remit_maybe max_staleness_s;
    remit_budget_list budgets;
} remit_link;

/* Appends a link for another key to a presentation, without the ledger: no wider than what stands above it, and good for an
   hour at most. Codes: `wrong_signer`, `bad_time`, `not_delegable`, `too_deep`, `wider_than_parent`, `too_many`.
   Parts: REMIT_BYTES, the longer presentation; REMIT_ID, of the link. */
int32_t remit_attenuate(remit_holder holder, remit_bytes presentation, const remit_link *link, remit_bytes nonce,
                        uint64_t now_ms, remit_signed *out);

/* ---- Vouchers, offline on both sides (spec 16) ---- */

/* Checks the proof of a lease, for the party of the policy.
   Parts: REMIT_ID, REMIT_LEDGER, REMIT_TILL, REMIT_HOLDER, REMIT_UNIT; REMIT_AMOUNT, REMIT_SPEND_UNTIL, REMIT_SETTLE_BY,
   REMIT_PER_USE. */
int32_t remit_lease_verify(remit_bytes proof, remit_policy policy, uint64_t now_ms, remit_lease *out);

/* What a payee keeps of a lease, of which nothing was spent yet. There is one of it: two copies that both take are two tills.
   Parts: REMIT_BYTES, which you store; REMIT_LAST, the last voucher; REMIT_NUMBER, REMIT_CUMULATIVE, REMIT_CLOSED. */
int32_t remit_till_new(remit_bytes till, remit_lease lease, remit_till *out);

/* Decodes a till that was stored. */
int32_t remit_till_decode(remit_bytes bytes, remit_till *out);

/* Judges a voucher. REMIT_OK: `out` is the till to be stored and synced before anybody is told. REMIT_REPEATED: it was taken
   before, and is not served again. Else the code of a no. `till` itself does not change. */
int32_t remit_till_accept(remit_till till, remit_lease lease, remit_bytes voucher, remit_bytes_list arguments,
                          remit_policy policy, uint64_t now_ms, remit_till *out);

/* The till when it takes nothing more: stored before the lease is settled. */
int32_t remit_till_close(remit_till till, remit_till *out);

/* What a holder keeps of a lease. Parts: REMIT_BYTES, which you store; REMIT_ID; REMIT_LAST; REMIT_NUMBER,
   REMIT_CUMULATIVE. */
int32_t remit_wallet_new(remit_bytes ledger, remit_bytes proof, remit_wallet *out);

/* Decodes a wallet that was stored. */
int32_t remit_wallet_decode(remit_bytes bytes, remit_wallet *out);

/* Takes back the last voucher, which the payee refused: only the last, and only once (`wrong_number`). */
int32_t remit_wallet_take_back(remit_wallet wallet, remit_wallet *out);

/* What a voucher is for. `nonce` and `valid_until_s` as in remit_ask. */
typedef struct remit_wanted {
    uint64_t amount;
    remit_bytes action;
    remit_bytes resource;
    remit_bytes_list arguments;
    remit_bytes request;
    remit_maybe valid_until_s;
    remit_bytes nonce;
} remit_wanted;

/* Signs the next voucher: `out` is the wallet to be stored and synced before its REMIT_LAST leaves. Codes: what no till would
   take, such as `above_leased`. `wallet` itself does not change. */
int32_t remit_voucher(remit_holder holder, remit_wallet wallet, const remit_wanted *wanted, uint64_t now_ms,
                      remit_wallet *out);

/* ---- Reading anything ---- */

/* An object by the name of its kind: sign1, token, sealed, invocation, argument, use, entry, common, link, leaf, values,
   presentation, evidence, case, public_key, path, or act: and the kind of an operation, such as act:revoke. Else
   REMIT_BAD_VALUE. What is shown is well formed, and no more: that it is good is for a verdict or a proof to say.

   `ledger` may be absent. With it a request, and a lease that carries one out, have REMIT_REQUEST_ID. With it and the `label`
   of its kind (spec 01, section 6; `wrong_label` if there is none) the signature of a sign1 is checked (`bad_key`,
   `bad_signature`), and it has REMIT_ID.

   Parts: REMIT_JSON. `says` in it has the fields of the object by their names in the specification: ids, keys, hashes and bytes
   in hexadecimal, amounts as decimal text, times as numbers whose names end in _s or _ms; what is absent is left out.
   `diagnostic` is the same bytes in the notation of RFC 8949, section 8. And what is derived of the bytes: REMIT_DIGEST (of
   a token the authority in its leaf; of sealed claims, an argument, a part of details and values what is committed to),
   REMIT_LEAF_HASH (of an entry, leaf or use), REMIT_LEAF_STATUS (of a leaf), REMIT_LEDGER (of a genesis entry). */
int32_t remit_describe(remit_bytes kind, remit_bytes bytes, remit_bytes ledger, remit_bytes label, remit_shown *out);

/* A submission to a ledger, its signatures checked (spec 02, section 6). `wrong_ledger` and whatever its bytes are refused for;
   what the rules say of it is the ledger's.
   Parts: REMIT_JSON, with what each operation says; REMIT_ID and REMIT_NAME, id and kind of the entry that it would become;
   REMIT_LEDGER. */
int32_t remit_describe_submission(remit_bytes bytes, remit_bytes ledger, remit_shown *out);

/* Whether a condition holds for the value of its argument; `value` is NULL for one that is missing. REMIT_OK, or
   `condition_not_met`. */
int32_t remit_condition_holds(const remit_condition *condition, const remit_value *value);

/* What a chain of tokens allows by its claims alone: their payloads, from the root down, each of which must be within the one above
   (`wider_than_parent`, `not_delegable`, `too_deep`). Signatures, times and state are not looked at. */
int32_t remit_authority_new(remit_bytes_list tokens, remit_authority *out);

/* Whether every link allows this; the code of the first that does not. `arguments` are encoded; if they are absent, conditions are
   skipped, as a ledger does, who never sees any. */
int32_t remit_authority_allows(remit_authority authority, remit_bytes audience, remit_bytes action, remit_bytes resource,
                               remit_bytes_list arguments);

/* Whether the open budgets of the offline links let an amount through, what was spent before not counted. */
int32_t remit_authority_allows_payment(remit_authority authority, uint64_t amount, remit_bytes unit);

/* ---- Proofs about trees (spec 03, 06, 07), checkpoints (spec 08) ---- */

typedef struct remit_tree_head { uint64_t size; remit_bytes root; } remit_tree_head;
typedef struct remit_indexed_hash { uint64_t index; remit_bytes hash; } remit_indexed_hash;
typedef struct remit_indexed_hash_list { const remit_indexed_hash *items; size_t len; } remit_indexed_hash_list;
typedef struct remit_indexed_status { uint64_t index; uint64_t status; } remit_indexed_status;
typedef struct remit_indexed_status_list { const remit_indexed_status *items; size_t len; } remit_indexed_status_list;

/* The hash of a leaf of a tree, such as the bytes of an entry or of a state leaf. */
int32_t remit_leaf_hash(remit_bytes bytes, uint8_t out[32]);

/* The root of the tree over these leaf hashes. */
int32_t remit_tree_root(remit_bytes_list leaf_hashes, uint8_t out[32]);

/* Whether a leaf stands at `index` of the tree; whether the newer tree begins with all of the older one; whether all these leaves
   stand in the tree. REMIT_OK, or `bad_proof`. Who vouches for sizes and roots is yours to know. */
int32_t remit_verify_inclusion(remit_bytes leaf_hash, uint64_t index, const remit_tree_head *head, remit_bytes_list path);
int32_t remit_verify_consistency(const remit_tree_head *older, const remit_tree_head *newer, remit_bytes_list path);
int32_t remit_verify_multiproof(remit_indexed_hash_list leaves, const remit_tree_head *head, remit_bytes_list siblings);

/* The history of a leaf after the entry at `index`, whose leaf hash is `entry`, rewrote it; it begins with zeros. */
int32_t remit_next_history(remit_bytes before, uint64_t index, remit_bytes entry, uint8_t out[32]);

/* The leaf of the status tree for a chunk of 2 048 state indexes: statuses from 0 to 3, all others being 0. Part: REMIT_BYTES. */
int32_t remit_status_leaf(uint64_t chunk, remit_indexed_status_list statuses, remit_shown *out);

/* The digest of details that an entry commits to: of the common part, and of the digests of the link parts. */
int32_t remit_details_digest(remit_bytes common, remit_bytes_list links, uint8_t out[32]);

/* A verifier key, for trust lines: `kind` 1 of a log under its origin, 4 of a witness under its name. Part: REMIT_TEXT. */
int32_t remit_verifier_key(remit_bytes name, remit_bytes key, int32_t kind, remit_shown *out);

/* A checkpoint that trust lines (spec 08, section 6; REMIT_BAD_VALUE if they are none) accept: signed by a log, and cosigned as the
   quorum says. Else the code of the first check that fails.
   Parts: REMIT_ORIGIN, REMIT_ROOT; REMIT_SIZE; unless the quorum is none, REMIT_EVIDENCE_MS; REMIT_JSON, with the cosigners. */
int32_t remit_checkpoint_accept(remit_bytes trust, remit_bytes note, uint64_t now_ms, uint64_t skew_ms, remit_shown *out);

/* A receipt of RFC 9942 (spec 23, section 5): that an entry, given by its bytes, stood in the log with this verifier key.
   REMIT_OTHER_LOG, REMIT_OTHER_SIZE, `bad_proof`, `bad_signature`, or what the bytes are refused for.
   Parts: REMIT_ORIGIN; REMIT_SIZE, REMIT_INDEX, REMIT_TIME (seconds); REMIT_JSON. */
int32_t remit_receipt_verify(remit_bytes receipt, remit_bytes entry, remit_bytes log, remit_shown *out);

/* ---- A witness (spec 21) ----
 *
 * 1. Read what you cosigned last, of each origin; until step 3 is done, no other request is looked at.
 * 2. remit_witness_answer().
 * 3. If REMIT_IS_EVIDENCE is 1, store both notes for ever. If REMIT_NAME is "ok", store REMIT_SIZE, REMIT_ROOT, REMIT_TIME and the
 *    note of REMIT_ORIGIN. Synced, and whole or not at all.
 * 4. Send REMIT_HTTP_STATUS and REMIT_TEXT. What was stored and is gone is no new beginning: take another key and name.
 */

/* What was cosigned last of a log. */
typedef struct remit_latest { remit_bytes origin; uint64_t size; remit_bytes root; uint64_t time_s; } remit_latest;
typedef struct remit_latest_list { const remit_latest *items; size_t len; } remit_latest_list;

/* A witness of this name and key (as of remit_holder_new(), and for nothing else), for the logs of these verifier keys.
   Part: REMIT_TEXT, its verifier key. */
int32_t remit_witness_new(remit_bytes name, remit_bytes key, remit_bytes_list logs, remit_witness *out);

/* What is answered to the body of an add-checkpoint. REMIT_OK says that there is an answer, not that it is a yes.
   Parts: REMIT_NAME (of the answer: ok, malformed, other_size and so on), REMIT_TEXT, the content; REMIT_HTTP_STATUS, REMIT_IS_EVIDENCE; of a
   checkpoint that a known log signed REMIT_ORIGIN, REMIT_ROOT, REMIT_SIZE, and if it is cosigned REMIT_TIME (seconds);
   REMIT_JSON, all of it. */
int32_t remit_witness_answer(remit_witness witness, remit_bytes body, remit_latest_list latest, uint64_t now_s,
                             remit_shown *out);

#ifdef __cplusplus
}
#endif

#endif
