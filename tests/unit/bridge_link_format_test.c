/* SPDX-License-Identifier: ISC */
#include "tests/unit/bridge_lib.h"

#include <string.h>

#include "bridge/link_format.h"

static bool span_equals(const struct brg_span *span, const char *text)
{
    if (text == NULL || span->text == NULL) {
        return text == NULL && span->text == NULL;
    }
    return span->len == strlen(text) && memcmp(span->text, text, span->len) == 0;
}

static void expect(const char *text, size_t n, const struct brg_link *want)
{
    char *copy = malloc(strlen(text) + 1);
    struct brg_links links;
    struct brg_link link;

    memcpy(copy, text, strlen(text)); /* no NUL behind it: the sanitizer sees every step beyond */
    brg_links_init(&links, copy, strlen(text));
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(brg_links_next(&links, &link), 1);
        assert_true(span_equals(&link.path, want[i].path.text));
        assert_true(span_equals(&link.rt, want[i].rt.text));
        assert_true(span_equals(&link.ifs, want[i].ifs.text));
        assert_true(span_equals(&link.ct, want[i].ct.text));
        assert_int_equal(link.obs, want[i].obs);
    }
    assert_int_equal(brg_links_next(&links, &link), 0);
    free(copy);
}

#define SPAN(string)                                                                               \
    {                                                                                              \
        .text = string                                                                             \
    }

static void test_examples_of_the_rfc(void **state)
{
    const struct brg_link want[] = {
        {.path = SPAN("sensors"), .ct = SPAN("40"), .rt = {NULL, 0}},
        {.path = SPAN("sensors/temp"), .rt = SPAN("temperature-c"), .ifs = SPAN("sensor")},
        {.path = SPAN("sensors/light"),
         .rt = SPAN("light-lux core.sen-light"),
         .ifs = SPAN("sensor"),
         .obs = true},
    };

    (void)state;
    /* RFC 6690 section 5; links about other things (anchor) or elsewhere are passed over. */
    expect("</sensors>;ct=40;title=\"Sensor Index\","
           "</sensors/temp>;rt=\"temperature-c\";if=\"sensor\","
           "</sensors/light>;rt=\"light-lux core.sen-light\";if=\"sensor\";obs,"
           "<http://www.example.com/sensors/t123>;anchor=\"/sensors/temp\";rel=\"describedby\","
           "</t>;anchor=\"/sensors/temp\";rel=\"alternate\"",
           3, want);
}

static void test_what_stacks_write(void **state)
{
    const struct brg_link root[] = {{.path = SPAN("")}};
    const struct brg_link odd[] = {
        {.path = SPAN("a"), .rt = SPAN("x,y;z\\\"q"), .obs = true},
        {.path = SPAN("b?c=1"), .ct = SPAN("0 50")},
        {.path = SPAN("d"), .obs = true},
    };

    (void)state;
    expect("", 0, NULL);
    expect("</>;title=\"General Info\";ct=0", 1,
           (const struct brg_link[]){{.path = SPAN(""), .ct = SPAN("0")}});
    expect("</>", 1, root);
    expect("</a>;rt=\"x,y;z\\\"q\";obs , </b?c=1>;ct=\"0 50\",\r\n</d>;sz=12;obs=1,", 3, odd);
    expect("<//host/x>,<coap://[fd00::1]/x>,<x>", 0, NULL);
    /* The first attribute of a name counts. */
    expect("</a>;rt=one;rt=two", 1,
           (const struct brg_link[]){{.path = SPAN("a"), .rt = SPAN("one")}});
}

static void test_broken(void **state)
{
    static const char *const bad[] = {
        "x", "<", "</a", "</a>;", "</a>;=1", "</a>;rt=\"x", "</a>;rt=\"x\\", "</a> </b>", "</a>,,",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        size_t len = strlen(bad[i]);
        char *copy = malloc(len);
        struct brg_links links;
        struct brg_link link;
        int more;

        memcpy(copy, bad[i], len);
        brg_links_init(&links, copy, len);
        do {
            more = brg_links_next(&links, &link);
        } while (more > 0);
        assert_int_equal(more, -BRG_ERR_FORMAT);
        assert_int_equal(brg_links_next(&links, &link), 0); /* and it stays at the end */
        free(copy);
    }
}

static void test_lists(void **state)
{
    const struct brg_span words = {"  core.s core.rp ", 17};
    const struct brg_span numbers = {"0 50 99999 x 65535", 18};
    const struct brg_span none = {NULL, 0};

    (void)state;
    assert_true(brg_span_has(&words, "core.s"));
    assert_true(brg_span_has(&words, "core.rp"));
    assert_false(brg_span_has(&words, "core"));
    assert_false(brg_span_has(&words, "core.r"));
    assert_false(brg_span_has(&none, ""));
    assert_int_equal(brg_span_number(&numbers, 0), 0);
    assert_int_equal(brg_span_number(&numbers, 1), 50);
    assert_int_equal(brg_span_number(&numbers, 2), -1);
    assert_int_equal(brg_span_number(&numbers, 3), -1);
    assert_int_equal(brg_span_number(&numbers, 4), 65535);
    assert_int_equal(brg_span_number(&numbers, 5), -1);
    assert_int_equal(brg_span_number(&none, 0), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_examples_of_the_rfc),
        cmocka_unit_test(test_what_stacks_write),
        cmocka_unit_test(test_broken),
        cmocka_unit_test(test_lists),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
