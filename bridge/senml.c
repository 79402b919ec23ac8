/* SPDX-License-Identifier: ISC */
/* SenML packs (RFC 8428): base fields are resolved, each record becomes a reading. */
#include "bridge/payload.h"

#include <math.h>
#include <string.h>

#include <cjson/cJSON.h>

#define VERSION_MAX 10 /* RFC 8428 section 4.4 */
#define NAME_MAX_LEN 200

enum field {
    F_BVER,
    F_BN,
    F_BT,
    F_BU,
    F_BV,
    F_BS,
    F_N,
    F_U,
    F_V,
    F_VS,
    F_VB,
    F_VD,
    F_S,
    F_T,
    F_UT,
    N_FIELDS,
};

enum field_type { TYPE_NUMBER, TYPE_TEXT, TYPE_BOOL };

/* RFC 8428 table 4: the labels of JSON and, behind our way through JSON, of CBOR. */
static const struct {
    const char *json;
    const char *cbor;
    enum field_type type;
} fields[N_FIELDS] = {
    [F_BVER] = {"bver", "-1", TYPE_NUMBER}, [F_BN] = {"bn", "-2", TYPE_TEXT},
    [F_BT] = {"bt", "-3", TYPE_NUMBER},     [F_BU] = {"bu", "-4", TYPE_TEXT},
    [F_BV] = {"bv", "-5", TYPE_NUMBER},     [F_BS] = {"bs", "-6", TYPE_NUMBER},
    [F_N] = {"n", "0", TYPE_TEXT},          [F_U] = {"u", "1", TYPE_TEXT},
    [F_V] = {"v", "2", TYPE_NUMBER},        [F_VS] = {"vs", "3", TYPE_TEXT},
    [F_VB] = {"vb", "4", TYPE_BOOL},        [F_VD] = {"vd", "8", TYPE_TEXT},
    [F_S] = {"s", "5", TYPE_NUMBER},        [F_T] = {"t", "6", TYPE_NUMBER},
    [F_UT] = {"ut", "7", TYPE_NUMBER},
};

struct record {
    const cJSON *at[N_FIELDS];
};

/* What a record inherits from those before it (section 4.1). */
struct bases {
    const char *name;
    const char *unit;
    double time_s;
    bool has_time;
    double value;
    double sum;
    double version; /* 0: not said */
};

static bool type_fits(const cJSON *item, enum field_type type)
{
    switch (type) {
    case TYPE_NUMBER:
        return cJSON_IsNumber(item) && isfinite(item->valuedouble);
    case TYPE_TEXT:
        return cJSON_IsString(item);
    case TYPE_BOOL:
        return cJSON_IsBool(item);
    }
    return false;
}

static const char *record_field(struct record *record, const cJSON *item)
{
    size_t len = strlen(item->string);

    for (size_t i = 0; i < N_FIELDS; i++) {
        if (strcmp(item->string, fields[i].json) != 0 &&
            strcmp(item->string, fields[i].cbor) != 0) {
            continue;
        }
        if (record->at[i] != NULL) {
            return "a SenML field twice in a record";
        }
        if (!type_fits(item, fields[i].type)) {
            return "a SenML field of the wrong type";
        }
        record->at[i] = item;
        return NULL;
    }
    /* Section 4.4: a field we do not know may be passed over unless its name says it may not. */
    return len > 0 && item->string[len - 1] == '_' ? "a SenML field that must be understood" : NULL;
}

static const char *record_read(struct record *record, const cJSON *object)
{
    const char *reason = NULL;
    const cJSON *item;

    memset(record, 0, sizeof(*record));
    if (!cJSON_IsObject(object)) {
        return "a SenML record that is no object";
    }
    for (item = object->child; item != NULL && reason == NULL; item = item->next) {
        reason = record_field(record, item);
    }
    return reason;
}

static double number(const struct record *record, enum field field, double otherwise)
{
    return record->at[field] == NULL ? otherwise : record->at[field]->valuedouble;
}

static void bases_take(struct bases *bases, const struct record *record)
{
    if (record->at[F_BN] != NULL) {
        bases->name = record->at[F_BN]->valuestring;
    }
    if (record->at[F_BU] != NULL) {
        bases->unit = record->at[F_BU]->valuestring;
    }
    bases->has_time |= record->at[F_BT] != NULL;
    bases->time_s = number(record, F_BT, bases->time_s);
    bases->value = number(record, F_BV, bases->value);
    bases->sum = number(record, F_BS, bases->sum);
    bases->version = number(record, F_BVER, bases->version);
}

/*
 * Section 4.5.1: base name and name together are a name of these characters.
 * NOTE: it should start with a letter or digit; LwM2M nodes say "/3303/0/5700", so slashes at the
 * head are passed over.
 */
static const char *resolve_name(struct brg_decoder *dec, struct brg_reading *reading,
                                const char *base, const char *name)
{
    char whole[NAME_MAX_LEN + 1];
    struct brg_text text;

    brg_text_init(&text, whole, sizeof(whole));
    base += strspn(base, "/");
    brg_text_puts(&text, base);
    name += text.len == 0 ? strspn(name, "/") : 0;
    brg_text_puts(&text, name);
    if (text.full) {
        return "a SenML name that is too long";
    }
    if (text.len == 0 || strchr("-:./_", whole[0]) != NULL) {
        return "a SenML name that is missing or starts wrong";
    }
    for (size_t i = 0; i < text.len; i++) {
        char c = whole[i];
        bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');

        if (!word && strchr("-:./_", c) == NULL) {
            return "a SenML name with a character it may not have";
        }
    }
    reading->name = brg_decoder_keep(dec, whole, text.len);
    return NULL;
}

static const char *resolve_value(struct brg_decoder *dec, struct brg_reading *reading,
                                 const struct record *record, const struct bases *bases)
{
    const cJSON *text = record->at[F_VS] != NULL ? record->at[F_VS] : record->at[F_VD];

    if (text != NULL) {
        reading->kind = record->at[F_VS] != NULL ? BRG_VALUE_TEXT : BRG_VALUE_OCTETS;
        reading->text_len = strlen(text->valuestring);
        reading->text = brg_decoder_keep(dec, text->valuestring, reading->text_len);
    } else if (record->at[F_VB] != NULL) {
        reading->kind = BRG_VALUE_BOOL;
        reading->flag = cJSON_IsTrue(record->at[F_VB]);
    } else {
        /* Section 4.3: without a value a sum is what the record is about. */
        reading->kind = BRG_VALUE_NUMBER;
        reading->number = record->at[F_V] != NULL   ? bases->value + number(record, F_V, 0)
                          : record->at[F_S] != NULL ? bases->sum + number(record, F_S, 0)
                                                    : bases->value;
        reading->sum = record->at[F_V] == NULL && record->at[F_S] != NULL;
        if (!isfinite(reading->number)) {
            return "a SenML value that is not finite";
        }
    }
    return NULL;
}

static int values_of(const struct record *record)
{
    return (record->at[F_V] != NULL) + (record->at[F_VS] != NULL) + (record->at[F_VB] != NULL) +
           (record->at[F_VD] != NULL);
}

static bool is_of_bases_only(const struct record *record)
{
    return values_of(record) == 0 && record->at[F_S] == NULL && record->at[F_N] == NULL;
}

static const char *resolve(struct brg_decoder *dec, const struct record *record,
                           const struct bases *bases)
{
    struct brg_reading *reading = &dec->readings[dec->n];
    const cJSON *unit = record->at[F_U];
    const char *name = record->at[F_N] == NULL ? "" : record->at[F_N]->valuestring;
    const char *unit_text = unit == NULL ? bases->unit : unit->valuestring;
    int values = values_of(record);
    const char *reason;

    if (values > 1) {
        return "a SenML record with two values";
    }
    if (is_of_bases_only(record)) {
        return NULL;
    }
    if (values == 0 && record->at[F_S] == NULL && bases->value == 0.0) {
        return "a SenML record without a value";
    }
    if (dec->n == BRG_RECORDS_MAX) {
        return "too many SenML records";
    }
    memset(reading, 0, sizeof(*reading));
    reason = resolve_name(dec, reading, bases->name, name);
    if (reason == NULL) {
        reason = resolve_value(dec, reading, record, bases);
    }
    if (unit_text != NULL) {
        reading->unit = brg_decoder_keep(dec, unit_text, strlen(unit_text));
    }
    reading->has_time = bases->has_time || record->at[F_T] != NULL;
    reading->time_s = bases->time_s + number(record, F_T, 0);
    if (!isfinite(reading->time_s)) {
        reason = "a SenML time that is not finite";
    }
    dec->n++;
    return reason;
}

const char *brg_senml_resolve(struct brg_decoder *dec, const struct cJSON *pack)
{
    struct bases bases = {.name = ""};
    const char *reason = NULL;
    const cJSON *item;

    if (!cJSON_IsArray(pack)) {
        return "a SenML pack that is no array";
    }
    for (item = pack->child; item != NULL && reason == NULL; item = item->next) {
        struct record record;

        reason = record_read(&record, item);
        if (reason == NULL && number(&record, F_BVER, VERSION_MAX) > VERSION_MAX) {
            reason = "a SenML version we do not know";
        }
        if (reason == NULL) {
            bases_take(&bases, &record);
            reason = resolve(dec, &record, &bases);
        }
    }
    return reason;
}

bool brg_senml_label(const char *field, int *ret_label)
{
    for (size_t i = 0; i < N_FIELDS; i++) {
        if (strcmp(field, fields[i].json) == 0) {
            const char *label = fields[i].cbor;

            *ret_label = label[0] == '-' ? '0' - label[1] : label[0] - '0';
            return true;
        }
    }
    return false;
}

/* --- the shape of a pack -------------------------------------------------------------------- */

static void shape_member(struct brg_text *out, const char *name, const char *value)
{
    brg_text_puts(out, ",\"");
    brg_text_puts(out, name);
    brg_text_puts(out, "\":");
    brg_text_json_string(out, value, strlen(value));
}

/* Every record stands for itself: with the base fields that it inherits, but those of values. */
static void shape_record(struct brg_text *out, const struct record *record,
                         const struct bases *bases)
{
    brg_text_puts(out, record->at[F_VS] != NULL   ? "{\"vs\":\"\""
                       : record->at[F_VD] != NULL ? "{\"vd\":\"\""
                       : record->at[F_VB] != NULL ? "{\"vb\":false"
                                                  : "{\"v\":0");
    if (bases->version > 0. && bases->version < VERSION_MAX) {
        brg_text_puts(out, ",\"bver\":");
        brg_text_number(out, bases->version);
    }
    if (bases->name[0] != '\0') {
        shape_member(out, "bn", bases->name);
    }
    if (bases->unit != NULL) {
        shape_member(out, "bu", bases->unit);
    }
    if (record->at[F_N] != NULL) {
        shape_member(out, "n", record->at[F_N]->valuestring);
    }
    if (record->at[F_U] != NULL) {
        shape_member(out, "u", record->at[F_U]->valuestring);
    }
    brg_text_puts(out, "}");
}

void brg_senml_shape_write(struct brg_text *out, const struct cJSON *pack)
{
    struct bases bases = {.name = ""};
    const cJSON *item;

    brg_text_puts(out, "[");
    for (item = pack->child; item != NULL; item = item->next) {
        size_t before = out->len;
        struct record record;

        if (record_read(&record, item) != NULL) {
            break;
        }
        bases_take(&bases, &record);
        if (is_of_bases_only(&record)) {
            continue;
        }
        brg_text_puts(out, before > 1 ? "," : "");
        shape_record(out, &record, &bases);
        if (out->full || out->len + 2 > out->size) {
            out->len = before;
            out->full = false;
            break;
        }
    }
    if (out->len == 1) {
        out->len = 0;
        out->buf[0] = '\0';
    } else {
        brg_text_puts(out, "]");
    }
}
