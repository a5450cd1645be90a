/* How long a verdict takes through the C library: `rate CASE`. One line, as that of verifier/examples/rate.rs; the check is
   measured by the script, with OpenSSL. */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "remit_verifier.h"

#define NEED(what)                                                 \
    do {                                                           \
        if (!(what)) {                                             \
            fprintf(stderr, "%d: not so: %s\n", __LINE__, #what);  \
            exit(1);                                               \
        }                                                          \
    } while (0)

static double now(void) {
    struct timespec time;
    NEED(clock_gettime(CLOCK_MONOTONIC, &time) == 0);
    return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

int main(int count, char **names) {
    static uint8_t file[1 << 20];
    remit_bytes bytes = {file, 0}, arguments[16];
    remit_case found;
    remit_policy policy;
    remit_verifier verifier, seen;
    remit_verdict verdict;
    remit_question question = {0};
    uint64_t time;
    double start, took[2];
    size_t turns, place;
    int again;
    FILE *input;
    NEED(count == 2 && (input = fopen(names[1], "rb")) != NULL);
    bytes.len = fread(file, 1, sizeof file, input);
    NEED(fclose(input) == 0 && remit_case_decode(bytes, &found) == REMIT_OK);
    NEED(remit_policy_from_toml(remit_lend(remit_get(found.id, REMIT_POLICY)), NULL, &policy) == REMIT_OK);
    NEED(remit_get_number(found.id, REMIT_NOW_MS, &time) == REMIT_OK);
    question.presentation = remit_lend(remit_get(found.id, REMIT_PRESENTATION));
    question.invocation = remit_lend(remit_get(found.id, REMIT_INVOCATION));
    question.evidence = remit_lend(remit_get(found.id, REMIT_EVIDENCE));
    for (place = 0; place < 16 && remit_item(found.id, REMIT_ARGUMENTS, place).data != NULL; place++)
        arguments[place] = remit_lend(remit_item(found.id, REMIT_ARGUMENTS, place));
    question.arguments.items = arguments;
    question.arguments.len = place;
    NEED(remit_verifier_new(policy, 0, &seen) == REMIT_OK);
    for (again = 0; again < 2; again++) {
        for (turns = 0, start = now(); now() - start < 1e6; turns++) {
            if (!again) NEED(remit_verifier_new(policy, 0, &verifier) == REMIT_OK);
            NEED(remit_verify(again ? seen : verifier, &question, time, &verdict) == REMIT_OK);
            NEED(remit_free(verdict.id) == REMIT_OK && (again || remit_free(verifier.id) == REMIT_OK));
        }
        took[again] = (now() - start) / (double)turns;
    }
    printf("c %.1f %.1f\n", took[0], took[1]);
    return 0;
}
