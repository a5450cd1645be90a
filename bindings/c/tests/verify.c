/*
 * Verifies case files, and then does everything wrong that a C program can do and get away with: `verify CASE...`, the first
 * of which is allowed. Each file is printed with its verdict. Built with sanitizers by tools/test.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "remit_verifier.h"

#define CHECK(what)                                                                \
    do {                                                                           \
        if (!(what)) {                                                             \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #what);     \
            exit(1);                                                               \
        }                                                                          \
    } while (0)

/* A file, of which one byte more than needed is never read. */
static remit_bytes read_file(const char *name) {
    FILE *file = fopen(name, "rb");
    remit_bytes bytes = {NULL, 0};
    long length;
    uint8_t *data;
    CHECK(file != NULL && fseek(file, 0, SEEK_END) == 0);
    length = ftell(file);
    CHECK(length > 0 && fseek(file, 0, SEEK_SET) == 0);
    data = malloc((size_t)length);
    CHECK(data != NULL && fread(data, 1, (size_t)length, file) == (size_t)length && fclose(file) == 0);
    bytes.data = data;
    bytes.len = (size_t)length;
    return bytes;
}

static void print_verdict(const char *name, remit_bytes file) {
    const remit_policy own = {0};
    remit_verdict verdict;
    remit_check_row row;
    uint64_t age = 0;
    size_t place, failed = 0;
    int32_t status = remit_case_verdict(file, own, &verdict);
    CHECK(status >= 0 && verdict.id != 0);
    (void)remit_get_number(verdict.id, REMIT_AGE_MS, &age);
    for (place = 0; remit_check(verdict.id, place, &row) == REMIT_OK; place++) {
        failed += row.outcome == 0;
        CHECK((row.outcome == 0) == (row.code == status && status >= 100));
        CHECK(row.name.data[row.name.len] == 0);
    }
    CHECK(place > 0 && failed == (status >= 100));
    printf("%-20s %-20s %s (%zu checks, evidence %llu ms old)\n", strrchr(name, '/') + 1,
           remit_status_text(status), remit_status_meaning(status), place, (unsigned long long)age);
    CHECK(remit_free(verdict.id) == REMIT_OK);
}

/* The parts of a case as a question; `arguments` and `approvals` have room for all. */
static remit_question question_of(remit_case found, remit_bytes arguments[16], remit_bytes approvals[16]) {
    remit_question question;
    size_t place;
    question.presentation = remit_lend(remit_get(found.id, REMIT_PRESENTATION));
    question.invocation = remit_lend(remit_get(found.id, REMIT_INVOCATION));
    question.evidence = remit_lend(remit_get(found.id, REMIT_EVIDENCE));
    for (place = 0; place < 16 && remit_item(found.id, REMIT_ARGUMENTS, place).data != NULL; place++)
        arguments[place] = remit_lend(remit_item(found.id, REMIT_ARGUMENTS, place));
    question.arguments.items = arguments;
    question.arguments.len = place;
    for (place = 0; place < 16 && remit_item(found.id, REMIT_APPROVALS, place).data != NULL; place++)
        approvals[place] = remit_lend(remit_item(found.id, REMIT_APPROVALS, place));
    question.approvals.items = approvals;
    question.approvals.len = place;
    return question;
}

struct work {
    remit_verifier verifier;
    const remit_question *question;
    uint64_t now_ms;
};

static void *judge_often(void *argument) {
    const struct work *work = argument;
    remit_verdict verdict;
    int turn;
    for (turn = 0; turn < 20; turn++) {
        CHECK(remit_verify(work->verifier, work->question, work->now_ms, &verdict) == REMIT_OK);
        CHECK(remit_get(verdict.id, REMIT_HOLDER).len == 64);
        CHECK(remit_free(verdict.id) == REMIT_OK);
    }
    return NULL;
}

static void pointers_and_lengths(remit_policy policy, remit_verifier verifier, remit_question question, uint64_t now_ms) {
    remit_verdict verdict = {7};
    remit_question wrong = question;
    remit_policy none = {7};
    remit_problem problem;
    uint8_t digest[32];
    uint8_t *long_bytes = calloc(1, (16u << 20) + 1);
    CHECK(long_bytes != NULL);
    CHECK(remit_verify(verifier, NULL, now_ms, &verdict) == REMIT_BAD_POINTER && verdict.id == 0);
    CHECK(remit_verify(verifier, &question, now_ms, NULL) == REMIT_BAD_POINTER);
    wrong.presentation = remit_none();
    CHECK(remit_verify(verifier, &wrong, now_ms, &verdict) == REMIT_BAD_POINTER);
    wrong.presentation.len = 9;
    CHECK(remit_verify(verifier, &wrong, now_ms, &verdict) == REMIT_BAD_POINTER);
    wrong.presentation.data = long_bytes;
    wrong.presentation.len = (16u << 20) + 1;
    CHECK(remit_verify(verifier, &wrong, now_ms, &verdict) == REMIT_CODE_OVERSIZE && verdict.id == 0);
    wrong.presentation.len = SIZE_MAX;
    CHECK(remit_verify(verifier, &wrong, now_ms, &verdict) == REMIT_CODE_OVERSIZE && verdict.id == 0);
    wrong.presentation.len = 0;
    CHECK(remit_verify(verifier, &wrong, now_ms, &verdict) == REMIT_CODE_MALFORMED && verdict.id != 0);
    CHECK(remit_free(verdict.id) == REMIT_OK);
    wrong = question;
    wrong.arguments.items = (const remit_bytes *)(const void *)(long_bytes + 1);
    wrong.arguments.len = 1;
    CHECK(remit_verify(verifier, &wrong, now_ms, &verdict) == REMIT_BAD_POINTER);
    wrong.arguments.items = (const remit_bytes *)(const void *)long_bytes;
    wrong.arguments.len = SIZE_MAX / 2;
    CHECK(remit_verify(verifier, &wrong, now_ms, &verdict) == REMIT_CODE_OVERSIZE);
    wrong.arguments.len = 2;
    CHECK(remit_verify(verifier, &wrong, now_ms, &verdict) == REMIT_BAD_POINTER);
    CHECK(remit_policy_from_toml(remit_text("party = 1"), NULL, &none) == REMIT_NO_POLICY && none.id == 0);
    CHECK(remit_policy_from_toml(remit_text("\n\n???"), &problem, &none) == REMIT_NO_POLICY);
    CHECK(problem.line == 3 && strcmp(problem.code, "syntax") == 0 && problem.key[0] == 0);
    CHECK(remit_policy_from_toml(remit_none(), &problem, &none) == REMIT_BAD_POINTER);
    CHECK(remit_sha256(remit_text("abc"), NULL) == REMIT_BAD_POINTER);
    CHECK(remit_sha256(remit_text("abc"), digest) == REMIT_OK && digest[0] == 0xba && digest[31] == 0xad);
    CHECK(remit_case_verdict(remit_text("no case"), policy, &verdict) >= 100 && verdict.id == 0);
    free(long_bytes);
}

static void numbers_of_objects(remit_policy policy, remit_verifier verifier, remit_question question, uint64_t now_ms) {
    remit_verdict verdict;
    remit_verifier other = {policy.id};
    remit_fields fields = {verifier.id};
    remit_decision decision;
    remit_reply reply;
    remit_received received;
    uint64_t number;
    CHECK(remit_verify(other, &question, now_ms, &verdict) == REMIT_BAD_HANDLE && verdict.id == 0);
    other.id = 0;
    CHECK(remit_verify(other, &question, now_ms, &verdict) == REMIT_BAD_HANDLE);
    other.id = UINT64_MAX;
    CHECK(remit_verify(other, &question, now_ms, &verdict) == REMIT_BAD_HANDLE);
    CHECK(remit_free(0) == REMIT_BAD_HANDLE && remit_free(UINT64_MAX) == REMIT_BAD_HANDLE);
    CHECK(remit_verify(verifier, &question, now_ms, &verdict) == REMIT_OK);
    CHECK(remit_get_number(verdict.id, REMIT_JSON, &number) == REMIT_ABSENT);
    CHECK(remit_get(verdict.id, REMIT_DECISION).data == NULL && remit_get(verdict.id, -1).data == NULL);
    CHECK(remit_item(verdict.id, REMIT_ARGUMENTS, SIZE_MAX).data == NULL);
    CHECK(remit_free(verdict.id) == REMIT_OK && remit_free(verdict.id) == REMIT_BAD_HANDLE);
    CHECK(remit_get(verdict.id, REMIT_JSON).data == NULL);
    CHECK(remit_get_number(verdict.id, REMIT_DECISION, &number) == REMIT_BAD_HANDLE);
    received.method = remit_text("GET");
    received.authority = received.content_sha256 = remit_none();
    received.target = remit_text("/");
    CHECK(remit_decide(verifier, &received, fields, question.presentation, remit_none(), now_ms, &decision) ==
          REMIT_BAD_HANDLE);
    /* Nothing is answered as served that was not decided so, and no number is a code that is none. */
    decision.id = 0;
    CHECK(remit_answer(decision, policy, 0, remit_none(), 0, &reply) == REMIT_BAD_VALUE && reply.id == 0);
    CHECK(remit_answer(decision, policy, 99, remit_none(), 0, &reply) == REMIT_BAD_VALUE);
    CHECK(remit_answer(decision, policy, REMIT_CODE_NO_INVOCATION, remit_none(), 0, &reply) == REMIT_OK);
    CHECK(remit_get_number(reply.id, REMIT_HTTP_STATUS, &number) == REMIT_OK && number == 401);
    CHECK(remit_free(reply.id) == REMIT_OK);
    CHECK(remit_status_text(12345) == NULL && strcmp(remit_status_text(REMIT_CODE_STALE), "stale") == 0);
}

/* Whatever is followed wrongly is an error. */
static void following(remit_policy policy, remit_verifier verifier) {
    remit_followed state = {7}, wrong = {policy.id};
    remit_status_table table;
    uint64_t status = 7;
    const size_t most = 64u << 20;
    remit_bytes update = {calloc(1, most + 1), most};
    CHECK(update.data != NULL && remit_followed_restore(update, &state) >= 100);
    CHECK(remit_followed_restore(update, &state) != REMIT_CODE_OVERSIZE && state.id == 0);
    update.len++;
    CHECK(remit_followed_restore(update, &state) == REMIT_CODE_OVERSIZE && state.id == 0);
    free((void *)(uintptr_t)update.data);
    CHECK(remit_followed_begin(policy, remit_none(), 0, &state) == REMIT_BAD_POINTER && state.id == 0);
    CHECK(remit_followed_begin(policy, remit_text("no update"), 0, &state) >= 100 && state.id == 0);
    CHECK(remit_followed_begin(policy, remit_text("no update"), 0, NULL) == REMIT_BAD_POINTER);
    CHECK(remit_followed_advance(wrong, policy, remit_text(""), 0, &state) == REMIT_BAD_HANDLE && state.id == 0);
    CHECK(remit_followed_restore(remit_text(""), &state) >= 100 && state.id == 0);
    CHECK(remit_followed_status(wrong, 0, &status) == REMIT_BAD_HANDLE && status == 0);
    CHECK(remit_verifier_follow(verifier, wrong) == REMIT_BAD_HANDLE);
    wrong.id = 0;
    CHECK(remit_verifier_follow(verifier, wrong) == REMIT_BAD_HANDLE);
    CHECK(remit_status_changes(remit_none(), 0, remit_text(""), 1, &table) == REMIT_BAD_POINTER && table.id == 0);
    CHECK(remit_status_changes(remit_text(""), 1, remit_text(""), 0, &table) == REMIT_CODE_MALFORMED);
    CHECK(remit_status_changes(remit_text(""), 0, remit_text("\x02"), 1, &table) == REMIT_OK);
    CHECK(remit_get(table.id, REMIT_BYTES).len == 1 && remit_get(table.id, REMIT_ROOT).len == 64);
    CHECK(remit_free(table.id) == REMIT_OK);
    CHECK(strcmp(remit_status_text(REMIT_FORK), "fork") == 0);
}

/* Whatever is described, compared and proved wrongly is an error. */
static void reading(remit_policy policy) {
    remit_shown shown = {7};
    remit_authority chain = {7}, wrong = {policy.id};
    remit_bytes none[2] = {{NULL, 0}, {NULL, 0}}, many = remit_text("");
    const remit_bytes_list no_list = {NULL, 0}, empty = {none, 0}, absent = {none, 1}, lost = {NULL, 1};
    remit_condition condition = {remit_text("a"), remit_text("like"), {NULL, 0}};
    remit_value value = {9, 0, {NULL, 0}};
    const remit_bytes leaf = remit_text("leaf"), ledger = remit_text("7");
    many.len = (16u << 20) + 1;
    CHECK(remit_describe(remit_none(), leaf, remit_none(), remit_none(), &shown) == REMIT_BAD_POINTER && shown.id == 0);
    CHECK(remit_describe(remit_text("leaves"), leaf, remit_none(), remit_none(), &shown) == REMIT_BAD_VALUE);
    CHECK(remit_describe(remit_text("act:genesis"), leaf, remit_none(), remit_none(), &shown) == REMIT_BAD_VALUE);
    CHECK(remit_describe(remit_text("\xff"), leaf, remit_none(), remit_none(), &shown) == REMIT_NOT_UTF8);
    CHECK(remit_describe(leaf, remit_none(), remit_none(), remit_none(), &shown) == REMIT_BAD_POINTER);
    CHECK(remit_describe(leaf, many, remit_none(), remit_none(), &shown) == REMIT_CODE_OVERSIZE);
    CHECK(remit_describe(leaf, leaf, ledger, remit_none(), &shown) == REMIT_BAD_VALUE);
    CHECK(remit_describe(leaf, leaf, remit_none(), remit_text("\xff"), &shown) == REMIT_NOT_UTF8);
    CHECK(remit_describe(leaf, leaf, remit_none(), remit_none(), NULL) == REMIT_BAD_POINTER);
    CHECK(remit_describe(leaf, leaf, remit_none(), remit_none(), &shown) == REMIT_CODE_MALFORMED && shown.id == 0);
    CHECK(remit_describe(remit_text("path"), remit_text("a/b"), remit_none(), remit_none(), &shown) == REMIT_OK);
    CHECK(strcmp((const char *)remit_get(shown.id, REMIT_JSON).data, "{\"says\":\"a/b\"}") == 0);
    CHECK(remit_get(shown.id, REMIT_DIGEST).data == NULL && remit_free(shown.id) == REMIT_OK);
    CHECK(remit_describe_submission(remit_none(), ledger, &shown) == REMIT_BAD_VALUE && shown.id == 0);
    CHECK(remit_describe_submission(leaf, remit_none(), &shown) == REMIT_BAD_POINTER);
    CHECK(remit_condition_holds(NULL, NULL) == REMIT_BAD_POINTER);
    CHECK(remit_condition_holds(&condition, NULL) == REMIT_BAD_VALUE);
    condition.op = remit_text("in");
    CHECK(remit_condition_holds(&condition, NULL) == REMIT_CODE_CONDITION_NOT_MET);
    CHECK(remit_condition_holds(&condition, &value) == REMIT_BAD_VALUE);
    CHECK(remit_authority_new(empty, &chain) == REMIT_BAD_VALUE && chain.id == 0);
    CHECK(remit_authority_new(absent, &chain) == REMIT_BAD_POINTER);
    CHECK(remit_authority_new(lost, &chain) == REMIT_BAD_POINTER);
    CHECK(remit_authority_allows(wrong, ledger, leaf, leaf, no_list) == REMIT_BAD_HANDLE);
    CHECK(remit_authority_allows_payment(chain, 1, ledger) == REMIT_BAD_HANDLE);
}

static void proving(void) {
    uint8_t digest[32] = {1};
    const remit_bytes hash = {digest, 32}, shorter = {digest, 31}, hashes[2] = {{digest, 32}, {digest, 31}};
    const remit_bytes_list path = {hashes, 2}, none = {NULL, 0}, far = {hashes, SIZE_MAX / 4};
    const remit_tree_head head = {1, hash}, bad = {1, shorter};
    const remit_indexed_hash leaf = {0, shorter};
    const remit_indexed_hash_list leaves = {&leaf, 1}, lost = {NULL, 1};
    const remit_indexed_status outside = {2048, 1}, four = {0, 4};
    const remit_indexed_status_list statuses[2] = {{&outside, 1}, {&four, 1}};
    remit_shown shown = {7};
    CHECK(remit_verify_inclusion(hash, 0, &head, none) == REMIT_OK);
    CHECK(remit_verify_inclusion(hash, 1, &head, none) == REMIT_CODE_BAD_PROOF);
    CHECK(remit_verify_inclusion(hash, 0, NULL, none) == REMIT_BAD_POINTER);
    CHECK(remit_verify_inclusion(hash, 0, &bad, none) == REMIT_BAD_VALUE);
    CHECK(remit_verify_inclusion(hash, 0, &head, path) == REMIT_BAD_VALUE);
    CHECK(remit_verify_inclusion(hash, 0, &head, far) == REMIT_CODE_OVERSIZE);
    CHECK(remit_verify_inclusion(remit_none(), 0, &head, none) == REMIT_BAD_POINTER);
    CHECK(remit_verify_consistency(&head, NULL, none) == REMIT_BAD_POINTER);
    CHECK(remit_verify_consistency(&head, &bad, none) == REMIT_BAD_VALUE);
    CHECK(remit_verify_consistency(&head, &head, none) == REMIT_OK);
    CHECK(remit_verify_multiproof(leaves, &head, none) == REMIT_BAD_VALUE);
    CHECK(remit_verify_multiproof(lost, &head, none) == REMIT_BAD_POINTER);
    CHECK(remit_leaf_hash(remit_none(), digest) == REMIT_BAD_POINTER && remit_leaf_hash(hash, NULL) == REMIT_BAD_POINTER);
    CHECK(remit_tree_root(path, digest) == REMIT_BAD_VALUE && remit_tree_root(none, digest) == REMIT_OK);
    CHECK(digest[0] == 0xe3 && digest[31] == 0x55);
    CHECK(remit_next_history(hash, 0, shorter, digest) == REMIT_BAD_VALUE);
    CHECK(remit_details_digest(remit_none(), none, digest) == REMIT_BAD_POINTER);
    CHECK(remit_status_leaf(0, statuses[0], &shown) == REMIT_BAD_VALUE && shown.id == 0);
    CHECK(remit_status_leaf(0, statuses[1], &shown) == REMIT_BAD_VALUE);
    CHECK(remit_checkpoint_accept(remit_text("x"), remit_text("x"), 0, 0, &shown) == REMIT_BAD_VALUE);
    CHECK(remit_checkpoint_accept(remit_text("quorum none\n"), remit_text("x"), 0, 0, &shown) == REMIT_CODE_BAD_CHECKPOINT);
    CHECK(remit_checkpoint_accept(remit_none(), remit_text("x"), 0, 0, &shown) == REMIT_BAD_POINTER && shown.id == 0);
    CHECK(remit_receipt_verify(hash, hash, remit_text("no key"), &shown) == REMIT_BAD_VALUE && shown.id == 0);
    CHECK(remit_receipt_verify(hash, hash, remit_none(), &shown) == REMIT_BAD_POINTER);
    CHECK(strcmp(remit_status_text(REMIT_OTHER_SIZE), "other_size") == 0);
}

static void witnessing(remit_policy policy) {
    const uint8_t seed[32] = {1}, other[32] = {2};
    const remit_bytes key = {seed, 32}, log_seed = {other, 32}, name = remit_text("w.example");
    remit_holder own, log;
    remit_shown vkey, taken, reply = {7};
    remit_witness witness = {7}, wrong = {policy.id};
    remit_bytes keys[2];
    remit_bytes_list logs = {keys, 1}, none = {NULL, 0};
    remit_latest latest = {{NULL, 0}, 0, {NULL, 0}, 0};
    const remit_latest_list known = {&latest, 1}, unknown = {NULL, 0};
    uint64_t number = 7;
    CHECK(remit_holder_new(key, &own) == REMIT_OK && remit_holder_new(log_seed, &log) == REMIT_OK);
    CHECK(remit_verifier_key(name, remit_lend(remit_get(log.id, REMIT_PUBLIC_KEY)), 2, &vkey) == REMIT_BAD_VALUE);
    CHECK(remit_verifier_key(remit_text("a b"), remit_lend(remit_get(log.id, REMIT_PUBLIC_KEY)), 1, &vkey) == REMIT_BAD_VALUE);
    CHECK(remit_verifier_key(name, remit_lend(remit_get(log.id, REMIT_PUBLIC_KEY)), 1, &vkey) == REMIT_OK);
    CHECK(remit_verifier_key(name, remit_lend(remit_get(own.id, REMIT_PUBLIC_KEY)), 1, &taken) == REMIT_OK);
    keys[0] = remit_lend(remit_get(taken.id, REMIT_TEXT));
    CHECK(remit_witness_new(name, key, none, &witness) == REMIT_BAD_VALUE && witness.id == 0);
    CHECK(remit_witness_new(name, key, logs, &witness) == REMIT_BAD_VALUE);
    keys[0] = remit_text("no key");
    CHECK(remit_witness_new(name, key, logs, &witness) == REMIT_BAD_VALUE);
    keys[0] = remit_lend(remit_get(vkey.id, REMIT_TEXT));
    CHECK(remit_witness_new(name, remit_none(), logs, &witness) == REMIT_BAD_POINTER);
    CHECK(remit_witness_new(name, key, logs, &witness) == REMIT_OK);
    CHECK(remit_witness_answer(wrong, remit_text("x"), unknown, 1, &reply) == REMIT_BAD_HANDLE && reply.id == 0);
    CHECK(remit_witness_answer(witness, remit_none(), unknown, 1, &reply) == REMIT_BAD_POINTER);
    CHECK(remit_witness_answer(witness, remit_text("x"), known, 1, &reply) == REMIT_BAD_POINTER);
    CHECK(remit_witness_answer(witness, remit_text("x"), unknown, 1, &reply) == REMIT_OK);
    CHECK(remit_get_number(reply.id, REMIT_HTTP_STATUS, &number) == REMIT_OK && number == 400);
    CHECK(remit_get_number(reply.id, REMIT_IS_EVIDENCE, &number) == REMIT_OK && number == 0);
    CHECK(remit_get_number(reply.id, REMIT_TIME, &number) == REMIT_ABSENT);
    CHECK(strcmp((const char *)remit_get(reply.id, REMIT_NAME).data, "malformed") == 0);
    CHECK(remit_free(reply.id) == REMIT_OK && remit_free(witness.id) == REMIT_OK && remit_free(vkey.id) == REMIT_OK);
    CHECK(remit_free(taken.id) == REMIT_OK && remit_free(own.id) == REMIT_OK && remit_free(log.id) == REMIT_OK);
}

static void keys(void) {
    remit_holder holder;
    remit_argument_value argument;
    remit_value value = {3, 2, {NULL, 0}};
    CHECK(remit_holder_new(remit_text("no key"), &holder) == REMIT_BAD_VALUE && holder.id == 0);
    CHECK(remit_holder_new(remit_none(), &holder) == REMIT_BAD_POINTER);
    CHECK(remit_argument(remit_text("a"), value, remit_none(), &argument) == REMIT_BAD_VALUE);
    value.kind = 2;
    CHECK(remit_argument(remit_text("a"), value, remit_none(), &argument) == REMIT_BAD_POINTER);
    value.text = remit_text("\xff");
    CHECK(remit_argument(remit_text("a"), value, remit_none(), &argument) == REMIT_NOT_UTF8);
    value.text = remit_text("yes");
    CHECK(remit_argument(remit_text("a"), value, remit_text("short"), &argument) == REMIT_BAD_VALUE);
    CHECK(remit_argument(remit_text("a"), value, remit_none(), &argument) == REMIT_OK);
    CHECK(remit_get(argument.id, REMIT_SALT).len == 16 && remit_free(argument.id) == REMIT_OK);
}

static void misuse(remit_bytes file) {
    remit_case found;
    remit_policy policy;
    remit_verifier verifier;
    remit_bytes arguments[16], approvals[16];
    remit_question question;
    struct work work;
    pthread_t threads[4];
    size_t place;
    CHECK(remit_case_decode(file, &found) == REMIT_OK);
    CHECK(remit_policy_from_toml(remit_lend(remit_get(found.id, REMIT_POLICY)), NULL, &policy) == REMIT_OK);
    CHECK(remit_verifier_new(policy, 0, &verifier) == REMIT_OK);
    question = question_of(found, arguments, approvals);
    CHECK(remit_get_number(found.id, REMIT_NOW_MS, &work.now_ms) == REMIT_OK);
    pointers_and_lengths(policy, verifier, question, work.now_ms);
    numbers_of_objects(policy, verifier, question, work.now_ms);
    following(policy, verifier);
    reading(policy);
    proving();
    witnessing(policy);
    keys();
    work.verifier = verifier;
    work.question = &question;
    for (place = 0; place < 4; place++) CHECK(pthread_create(&threads[place], NULL, judge_often, &work) == 0);
    for (place = 0; place < 4; place++) CHECK(pthread_join(threads[place], NULL) == 0);
    CHECK(remit_free(found.id) == REMIT_OK && remit_free(policy.id) == REMIT_OK);
    CHECK(remit_free(verifier.id) == REMIT_OK);
}

int main(int count, char **names) {
    size_t objects = 1;
    int place;
    CHECK(count > 1);
    for (place = 1; place < count; place++) {
        remit_bytes file = read_file(names[place]);
        print_verdict(names[place], file);
        if (place == 1) misuse(file);
        free((void *)(uintptr_t)file.data);
    }
    CHECK(remit_objects(&objects) == REMIT_OK && objects == 0);
    puts("misuse: every mistake is an error, and nothing was left");
    return 0;
}
