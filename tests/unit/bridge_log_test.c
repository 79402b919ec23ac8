/* SPDX-License-Identifier: ISC */
/* What a node calls its resources stays one value of a line of the log. */
#include "tests/unit/bridge_lib.h"

#include <stdio.h>
#include <string.h>

#include "bridge/log.h"
#include "bridge/log_trace.h"
#include "sandbox/sandbox_log.h"

static char last[1024];

static void tee(void *ctx, enum bconf_log_level level, const char *line)
{
    (void)ctx;
    (void)level;
    (void)snprintf(last, sizeof(last), "%s", line);
}

/* The journal's fields of the last line. */
static const char *fields(void)
{
    static char out[2048];
    const char *values = strstr(last, " node=");
    size_t len = values == NULL ? 0 : sandbox_log_fields(values, out, sizeof(out) - 1);

    out[len] = '\0';
    return out;
}

static const char *traced(enum brg_trace_kind kind, const char *detail)
{
    const struct brg_trace trace = {.kind = kind, .node = "00124b0000010000", .detail = detail};

    brg_log_trace(&trace, false, "");
    return fields();
}

static void test_words(void **state)
{
    static char long_one[2000];

    (void)state;
    assert_string_equal(brg_log_word("s/temp?x=1&y=%20"), "s/temp?x=1&y=%20");
    assert_string_equal(brg_log_word("a x=y"), "a%20x=y");
    assert_string_equal(brg_log_word("a\" x=\"y\n\x7f"), "a%22%20x=%22y%0A%7F");
    assert_string_equal(brg_log_word(""), "");
    memset(long_one, ' ', sizeof(long_one) - 1);
    assert_true(strlen(brg_log_word(long_one)) < 512);
    assert_int_equal(strlen(brg_log_word(long_one)) % 3, 0);
}

static void test_no_field_of_a_path(void **state)
{
    static const enum brg_trace_kind kinds[] = {BRG_TRACE_OBSERVING, BRG_TRACE_POLLING,
                                                BRG_TRACE_RESOURCE, BRG_TRACE_RENAMED};

    (void)state;
    brg_log_open(BCONF_LOG_STDERR, BCONF_LOG_DEBUG);
    brg_log_tee(tee, NULL, BCONF_LOG_DEBUG);
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        assert_null(strstr(traced(kinds[i], "a x=y\" z=1"), "RPLD_X"));
        assert_null(strstr(fields(), "RPLD_Z"));
        assert_non_null(strstr(fields(), "=a%20x=y%22%20z=1\n"));
        assert_non_null(strstr(fields(), "RPLD_NODE=00124b0000010000\n"));
    }
    brg_log_tee(NULL, NULL, BCONF_LOG_ERROR);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_no_field_of_a_path),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
