/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "rpld/ctl_request.h"

static struct ctl_request request;

static const char *parse(const char *line)
{
    return ctl_request_parse(&request, line, strlen(line));
}

static void good_ones(void **state)
{
    (void)state;
    assert_null(parse("status"));
    assert_int_equal(request.form, WRITER_TEXT);
    assert_string_equal(request.command, "status");
    assert_int_equal(request.argc, 0);
    assert_null(parse("json  node   fd00::2 "));
    assert_int_equal(request.form, WRITER_JSON);
    assert_string_equal(request.command, "node");
    assert_int_equal(request.argc, 1);
    assert_string_equal(request.argv[0], "fd00::2");
    /* The form's name alone is a command. */
    assert_null(parse("metrics"));
    assert_int_equal(request.form, WRITER_TEXT);
    assert_string_equal(request.command, "metrics");
    assert_null(parse("metrics metrics"));
    assert_int_equal(request.form, WRITER_METRICS);
    assert_string_equal(request.command, "metrics");
    assert_null(parse("text a 1 2 3 4"));
    assert_int_equal(request.argc, CTL_ARGS_MAX);
}

static void bad_ones(void **state)
{
    char line[CTL_REQUEST_MAX + 1];
    (void)state;
    assert_non_null(parse(""));
    assert_non_null(parse("    "));
    assert_non_null(parse("status\r"));
    assert_non_null(parse("a\tb"));
    assert_non_null(parse("caf\xc3\xa9"));
    assert_non_null(ctl_request_parse(&request, "a\0b", 3));
    assert_non_null(parse("a 1 2 3 4 5"));
    assert_non_null(parse("json a 1 2 3 4 5"));
    memset(line, 'a', sizeof(line));
    assert_null(ctl_request_parse(&request, line, CTL_REQUEST_MAX));
    assert_int_equal(strlen(request.command), CTL_REQUEST_MAX);
    assert_non_null(ctl_request_parse(&request, line, CTL_REQUEST_MAX + 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(good_ones), cmocka_unit_test(bad_ones)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
