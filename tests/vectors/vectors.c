/* SPDX-License-Identifier: ISC */
/* Reading the recorded packets. */
#include "tests/vectors/vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static unsigned vector_digit(char c)
{
    const char *digits = "0123456789abcdef", *at = strchr(digits, c);

    assert_true(c != '\0' && at != NULL);
    return (unsigned)(at - digits);
}

size_t vector_hex(const char *hex, uint8_t *out, size_t size)
{
    size_t len = strlen(hex);

    assert_true(len % 2 == 0 && len / 2 <= size);
    for (size_t i = 0; i < len; i += 2)
        out[i / 2] = (uint8_t)(vector_digit(hex[i]) << 4 | vector_digit(hex[i + 1]));
    return len / 2;
}

void vector_load(struct vector *vector, const char *hex)
{
    struct rpl_packet_info info;

    memset(vector, 0, sizeof(*vector));
    vector->len = vector_hex(hex, vector->packet, sizeof(vector->packet));
    if (rpl_packet_parse(vector->packet, vector->len, &info) != RPL_DATA_OK)
        return;
    vector->src = info.src;
    vector->dst = info.dst;
    if (info.segments_left > 0)
        assert_true(rpl_srh_segment(vector->packet, &info, info.segments, &vector->dst));
    if (info.next == 58)
        vector->icmp = info.payload;
}

int vector_read_cut(const struct vector *vector, size_t len, struct rpl_wire_message *msg)
{
    enum rpl_counter why = RPL_COUNTER_COUNT;
    uint8_t *copy = malloc(len > 0 ? len : 1); /* its own block: a sanitizer guards the end */
    uint16_t sum;
    int result;

    assert_non_null(copy);
    memcpy(copy, vector->packet + vector->icmp, len);
    if (len >= 4) {
        copy[2] = copy[3] = 0;
        sum = rpl_wire_checksum(&vector->src, &vector->dst, 58, copy, len);
        copy[2] = (uint8_t)(sum >> 8);
        copy[3] = (uint8_t)sum;
    }
    memset(msg, 0, sizeof(*msg)); /* so that messages can be compared octet by octet */
    result = rpl_wire_read(copy, len, &vector->src, &vector->dst, msg, &why);
    free(copy);
    return result == 0 ? 0 : -(int)why;
}

int vector_read(const struct vector *vector, struct rpl_wire_message *msg)
{
    enum rpl_counter why = RPL_COUNTER_COUNT;

    assert_true(vector->icmp > 0);
    memset(msg, 0, sizeof(*msg));
    if (rpl_wire_read(vector->packet + vector->icmp, vector->len - vector->icmp, &vector->src,
                      &vector->dst, msg, &why) == 0)
        return 0;
    return -(int)why;
}

cJSON *vectors_json(void)
{
    static char text[512 * 1024];
    FILE *file = fopen(VECTORS_DIR "/rpl-vectors.json", "r");
    size_t len;
    cJSON *root;

    assert_non_null(file);
    len = fread(text, 1, sizeof(text) - 1, file);
    assert_true(len > 0 && len < sizeof(text) - 1);
    text[len] = '\0';
    fclose(file);
    root = cJSON_Parse(text);
    assert_non_null(root);
    return root;
}

const cJSON *vectors_list(const cJSON *root, const char *name)
{
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(root, name);

    assert_true(cJSON_IsArray(list) && cJSON_GetArraySize(list) > 0);
    return list;
}

const char *vectors_text(const cJSON *object, const char *name)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));

    assert_non_null(text);
    return text;
}

int vectors_number(const cJSON *object, const char *name)
{
    const cJSON *number = cJSON_GetObjectItemCaseSensitive(object, name);

    assert_true(cJSON_IsNumber(number));
    return number->valueint;
}

void vectors_find(const cJSON *root, const char *id, struct vector *vector)
{
    static const char *const lists[] = {"vectors", "extended", "encrypted", "negative"};
    const cJSON *item;

    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        cJSON_ArrayForEach(item, vectors_list(root, lists[i]))
        {
            if (strcmp(vectors_text(item, "id"), id) == 0) {
                vector_load(vector, vectors_text(item, "hex"));
                return;
            }
        }
    }
    fail_msg("no vector %s", id);
}
