/* SPDX-License-Identifier: ISC */
#include "tests/conformance/doctor.h"

#include <cjson/cJSON.h>

#include "rpld/show.h"
#include "tests/conformance/row.h"

static rpl_tstamp now(void *ctx)
{
    (void)ctx;
    return rig.now;
}

static bool interface(void *ctx, unsigned index, struct ctl_interface *out)
{
    memset(out, 0, sizeof(*out));
    memcpy(out->name, "row0", 5);
    out->ifindex = RIG_IF;
    out->instances = 1;
    out->up = out->has_link_local = true;
    out->link_local = rig.link_local;
    out->mtu = 1280;
    out->lowpan = *(bool *)ctx;
    return index == 0;
}

/* 1: fine, 0: at fault, -1: there is no such check. */
static int check(const char *name, bool lowpan)
{
    const struct ctl_source source = {
        .ctx = &lowpan, .engine = rig.engine, .version = "0", .now = now, .interface = interface};
    const struct show_counters counters = {0};
    const struct show_context context = {.source = &source, .counters = &counters};
    struct ctl_request request;
    struct writer_buf buf;
    struct show show;
    const cJSON *each;
    int result = -1;

    memset(&show, 0, sizeof(show));
    writer_buf_init(&buf, 1u << 20);
    assert_null(ctl_request_parse(&request, "json doctor", 11));
    assert_int_equal(show_start(&show, &context, &request, false, &buf), SHOW_OK);
    while (show_step(&show, 100))
        continue;
    writer_buf_add(&buf, "", 1);
    assert_false(buf.failed);
    cJSON *json = cJSON_Parse(buf.data + 3);
    assert_non_null(json);
    cJSON_ArrayForEach(each, cJSON_GetObjectItem(json, "checks"))
    {
        if (strcmp(cJSON_GetObjectItem(each, "name")->valuestring, name) == 0)
            result = cJSON_IsTrue(cJSON_GetObjectItem(each, "ok"));
    }
    cJSON_Delete(json);
    show_free(&show);
    writer_buf_free(&buf);
    return result;
}

bool doctor_warns(const char *name, bool lowpan)
{
    int result = check(name, lowpan);

    assert_true(result >= 0);
    return result == 0;
}

bool doctor_has(const char *name, bool lowpan)
{
    return check(name, lowpan) >= 0;
}
