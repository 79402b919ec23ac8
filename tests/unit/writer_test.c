/* SPDX-License-Identifier: ISC */
/* The three outputs of the writer; JSON is judged by a parser that is not ours. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <cjson/cJSON.h>

#include "rpld/writer.h"

static struct writer_buf buf;
static struct writer w;

static void start(enum writer_form form)
{
    writer_buf_free(&buf);
    writer_buf_init(&buf, 1u << 20);
    writer_init(&w, form, &buf);
}

static const char *text(void)
{
    writer_buf_add(&buf, "", 1);
    assert_false(buf.failed);
    return buf.data;
}

static int teardown(void **state)
{
    (void)state;
    writer_buf_free(&buf);
    return 0;
}

/* A document with a table, a nested array, an array of blocks and every kind of value. */
static void document(void)
{
    static const struct writer_column columns[] = {
        {"address", "ADDRESS", 8}, {"parents", "PARENTS", 10}, {"hops", "HOPS", 0}};
    writer_begin(&w);
    writer_note(&w, "hello");
    writer_bool(&w, "grounded", true);
    writer_array(&w, "nodes", columns, 3);
    for (int i = 0; i < 2; i++) {
        writer_object(&w, NULL);
        writer_string(&w, "hidden", "in JSON");
        writer_array(&w, "parents", NULL, 0);
        for (int j = 0; j < 2 * i; j++) {
            writer_object(&w, NULL);
            writer_string(&w, "address", j ? "b" : "a");
            writer_uint(&w, "path_control", 0);
            writer_end_object(&w);
        }
        writer_end_array(&w);
        writer_string(&w, "address", i ? "\xc3\xa4" : "longer than it");
        writer_decimal(&w, "hops", 1250, 3);
        writer_end_object(&w);
    }
    writer_end_array(&w);
    writer_array(&w, "blocks", NULL, 0);
    writer_object(&w, NULL);
    writer_null(&w, "none");
    writer_object(&w, "inner");
    writer_int(&w, "negative_value", -5);
    writer_end_object(&w);
    writer_array(&w, "list", NULL, 0);
    writer_uint(&w, NULL, UINT64_MAX);
    writer_uint(&w, NULL, 1);
    writer_end_array(&w);
    writer_end_object(&w);
    writer_end_array(&w);
    writer_array(&w, "empty_things", columns, 3);
    writer_end_array(&w);
    writer_end(&w);
}

static void text_is_aligned(void **state)
{
    (void)state;
    start(WRITER_TEXT);
    document();
    assert_string_equal(text(), "hello\n"
                                "grounded          yes\n"
                                "ADDRESS  PARENTS    HOPS\n"
                                "longer than it            1.250\n"
                                "\xc3\xa4        a, b       1.250\n"
                                "\n"
                                "none              -\n"
                                "negative value    -5\n"
                                "list              18446744073709551615, 1\n"
                                "no empty things\n");
}

static void json_parses(void **state)
{
    (void)state;
    start(WRITER_JSON);
    document();
    cJSON *json = cJSON_Parse(text());
    assert_non_null(json);
    assert_int_equal(cJSON_GetObjectItem(json, "schema")->valueint, 1);
    assert_true(cJSON_IsTrue(cJSON_GetObjectItem(json, "grounded")));
    cJSON *nodes = cJSON_GetObjectItem(json, "nodes");
    assert_int_equal(cJSON_GetArraySize(nodes), 2);
    cJSON *node = cJSON_GetArrayItem(nodes, 1);
    assert_string_equal(cJSON_GetObjectItem(node, "hidden")->valuestring, "in JSON");
    assert_string_equal(cJSON_GetObjectItem(node, "address")->valuestring, "\xc3\xa4");
    assert_true(cJSON_GetObjectItem(node, "hops")->valuedouble == 1.25);
    cJSON *parents = cJSON_GetObjectItem(node, "parents");
    assert_int_equal(cJSON_GetArraySize(parents), 2);
    cJSON *first = cJSON_GetArrayItem(parents, 0);
    assert_string_equal(cJSON_GetObjectItem(first, "address")->valuestring, "a");
    assert_int_equal(
        cJSON_GetArraySize(cJSON_GetObjectItem(cJSON_GetArrayItem(nodes, 0), "parents")), 0);
    cJSON *block = cJSON_GetArrayItem(cJSON_GetObjectItem(json, "blocks"), 0);
    assert_true(cJSON_IsNull(cJSON_GetObjectItem(block, "none")));
    cJSON *inner = cJSON_GetObjectItem(block, "inner");
    assert_int_equal(cJSON_GetObjectItem(inner, "negative_value")->valueint, -5);
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(json, "empty_things")), 0);
    cJSON_Delete(json);
}

static void json_escapes(void **state)
{
    /* Every octet that is a character of its own comes back from the parser as it was. */
    char all[128];
    (void)state;
    for (int i = 0; i < 127; i++)
        all[i] = (char)(i + 1);
    all[127] = '\0';
    start(WRITER_JSON);
    writer_begin_line(&w);
    writer_string(&w, all, all);
    writer_end(&w);
    cJSON *json = cJSON_Parse(text());
    assert_non_null(json);
    assert_string_equal(cJSON_GetObjectItem(json, all)->valuestring, all);
    cJSON_Delete(json);
    assert_ptr_equal(strchr(buf.data, '\n'), buf.data + strlen(buf.data) - 1);
}

static void json_is_utf8(void **state)
{
    /* Cut, overlong, a surrogate, above the last plane, a lone continuation; then good ones. */
    static const char bad[] = "\xc3|\xc0\xaf|\xed\xa0\x80|\xf4\x90\x80\x80|\x80|"
                              "\xe2\x82\xac|\xf0\x9f\x8c\xb3|\xe2\x82";
    (void)state;
    start(WRITER_JSON);
    writer_begin(&w);
    writer_string(&w, "s", bad);
    writer_end(&w);
    const unsigned char *s = (const unsigned char *)text();
    while (*s) {
        unsigned len = writer_utf8(s);
        assert_int_not_equal(len, 0);
        s += len;
    }
    assert_non_null(strstr(buf.data, "|\xe2\x82\xac|\xf0\x9f\x8c\xb3|\xef\xbf\xbd"));
    assert_non_null(strstr(buf.data, "\"\xef\xbf\xbd|\xef\xbf\xbd\xef\xbf\xbd|"));
}

static void terminals_get_no_commands(void **state)
{
    (void)state;
    start(WRITER_TEXT);
    writer_begin(&w);
    writer_note(&w, "\x1b]0;title\a \xc2\x9b"
                    "2J \xff caf\xc3\xa9");
    writer_string(&w, "key", "a\nb");
    writer_end(&w);
    assert_string_equal(text(), "?]0;title? ?2J ? caf\xc3\xa9\n"
                                "key               a?b\n");
}

static void line_is_one_line(void **state)
{
    (void)state;
    for (int form = WRITER_TEXT; form <= WRITER_JSON; form++) {
        start((enum writer_form)form);
        writer_begin_line(&w);
        writer_programs_only(&w, true);
        writer_uint(&w, "seq", 7);
        writer_programs_only(&w, false);
        writer_word(&w, "event", "node-up");
        writer_string(&w, "address", "fd00::2");
        writer_array(&w, "parents", NULL, 0);
        for (int i = 0; i < 2; i++) {
            writer_object(&w, NULL);
            writer_string(&w, "address", i ? "b" : "a");
            writer_end_object(&w);
        }
        writer_end_array(&w);
        writer_string(&w, "error", "no such thing");
        writer_end(&w);
        if (form == WRITER_TEXT)
            assert_string_equal(text(), "node-up address=fd00::2 parents=\"a, b\" "
                                        "error=\"no such thing\"\n");
        else
            assert_string_equal(text(), "{\"schema\":1,\"seq\":7,\"event\":\"node-up\","
                                        "\"address\":\"fd00::2\",\"parents\":[{\"address\":\"a\"},"
                                        "{\"address\":\"b\"}],\"error\":\"no such thing\"}\n");
    }
}

static void metrics(void)
{
    struct writer_label labels[] = {{"a", "1"}, {"b", "q\"\\\n\xff"}};
    writer_begin(&w);
    writer_array(&w, "metrics", NULL, 0);
    writer_family(&w, "rpld_dio-in", "counter", "help\nme");
    writer_sample(&w, NULL, 0, 5, 0);
    writer_family(&w, "rpld_etx", "gauge", "etx");
    writer_sample(&w, labels, 2, 150, 2);
    writer_family(&w, "rpld_build_info", "gauge", "build");
    writer_sample(&w, labels, 1, 1, 0);
    writer_end_array(&w);
    writer_end(&w);
}

static void openmetrics(void **state)
{
    (void)state;
    start(WRITER_METRICS);
    metrics();
    assert_string_equal(text(), "# TYPE rpld_dio_in counter\n"
                                "# HELP rpld_dio_in help\\nme\n"
                                "rpld_dio_in_total 5\n"
                                "# TYPE rpld_etx gauge\n"
                                "# HELP rpld_etx etx\n"
                                "rpld_etx{a=\"1\",b=\"q\\\"\\\\\\n\xef\xbf\xbd\"} 1.50\n"
                                "# TYPE rpld_build_info gauge\n"
                                "# HELP rpld_build_info build\n"
                                "rpld_build_info{a=\"1\"} 1\n"
                                "# EOF\n");
}

static void metrics_in_json(void **state)
{
    (void)state;
    start(WRITER_JSON);
    metrics();
    cJSON *json = cJSON_Parse(text());
    cJSON *list = cJSON_GetObjectItem(json, "metrics");
    assert_int_equal(cJSON_GetArraySize(list), 3);
    cJSON *etx = cJSON_GetArrayItem(list, 1);
    assert_true(cJSON_GetObjectItem(etx, "value")->valuedouble == 1.5);
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(etx, "labels")), 2);
    cJSON_Delete(json);
}

static void buffer_keeps_its_limit(void **state)
{
    struct writer_buf small;
    (void)state;
    writer_buf_init(&small, 10);
    writer_buf_puts(&small, "12345");
    writer_buf_puts(&small, "67890");
    assert_false(small.failed);
    writer_buf_consume(&small, 4);
    assert_memory_equal(small.data, "567890", 6);
    writer_buf_puts(&small, "abcde");
    assert_true(small.failed);
    assert_int_equal(small.len, 6);
    writer_buf_puts(&small, "a"); /* sticky */
    assert_int_equal(small.len, 6);
    writer_buf_free(&small);
}

/* A cell that does not fit into the row's scratch is cut between characters. */
static void long_cells_are_cut(void **state)
{
    static const struct writer_column columns[] = {{"a", "A", 0}};
    char value[2 * WRITER_ROW_MAX] = "x"; /* so that the limit falls into a character */
    (void)state;
    for (size_t i = 1; i + 2 < sizeof(value); i += 2)
        memcpy(value + i, "\xc3\xa4", 3);
    start(WRITER_TEXT);
    writer_begin(&w);
    writer_array(&w, "rows", columns, 1);
    writer_object(&w, NULL);
    writer_string(&w, "a", value);
    writer_end_object(&w);
    writer_end_array(&w);
    writer_end(&w);
    const char *row = strchr(text(), '\n') + 1;
    assert_int_equal(strlen(row), WRITER_ROW_MAX); /* an odd octet is left out, the line ends */
    assert_memory_equal(row + strlen(row) - 3, "\xc3\xa4\n", 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(text_is_aligned, teardown),
        cmocka_unit_test_teardown(json_parses, teardown),
        cmocka_unit_test_teardown(json_escapes, teardown),
        cmocka_unit_test_teardown(json_is_utf8, teardown),
        cmocka_unit_test_teardown(terminals_get_no_commands, teardown),
        cmocka_unit_test_teardown(line_is_one_line, teardown),
        cmocka_unit_test_teardown(openmetrics, teardown),
        cmocka_unit_test_teardown(metrics_in_json, teardown),
        cmocka_unit_test(buffer_keeps_its_limit),
        cmocka_unit_test_teardown(long_cells_are_cut, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
