/* SPDX-License-Identifier: ISC */
/* One value of the file into its place, or an error that says what would be right. */
#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#include "conf/internal.h"

/* The words that go with a value that is not allowed. */
static bool refuse(struct conf_reader *reader, const struct conf_setting *setting,
                   const config_setting_t *from, const char *path, const char *wrong)
{
    char allowed[CONF_PATH_TEXT_MAX];

    conf_setting_allowed(setting, allowed, sizeof(allowed));
    conf_reader_error(reader, from, path, "%s; allowed is %s", wrong, allowed);
    return false;
}

static bool refuse_type(struct conf_reader *reader, const struct conf_setting *setting,
                        const config_setting_t *from, const char *path)
{
    char wrong[64];

    (void)snprintf(wrong, sizeof(wrong), "this is %s", conf_type_name(from));
    return refuse(reader, setting, from, path, wrong);
}

static bool is_integer(const config_setting_t *from)
{
    return from->type == CONFIG_TYPE_INT || from->type == CONFIG_TYPE_INT64;
}

/* The word of |setting| that |text| is; NULL if it is none. */
static const struct conf_word *find_word(const struct conf_setting *setting, const char *text)
{
    for (const struct conf_word *w = setting->words; w != NULL && w->word != NULL; w++)
        if (strcmp(w->word, text) == 0)
            return w;
    return NULL;
}

static bool assign_word(struct conf_reader *reader, const struct conf_setting *setting, void *base,
                        const config_setting_t *from, const char *path)
{
    const struct conf_word *word = find_word(setting, config_setting_get_string(from));

    if (word == NULL)
        return refuse(reader, setting, from, path, "not known");
    if (word->refused != NULL)
        return refuse(reader, setting, from, path, word->refused);
    conf_setting_set(setting, base, word->value);
    return true;
}

static bool assign_number(struct conf_reader *reader, const struct conf_setting *setting,
                          void *base, const config_setting_t *from, const char *path)
{
    long long value = 0;

    if (from->type == CONFIG_TYPE_STRING && setting->words != NULL)
        return assign_word(reader, setting, base, from, path);
    if (!is_integer(from))
        return refuse_type(reader, setting, from, path);
    value = config_setting_get_int64(from);
    if (value < (long long)setting->min || value > (long long)setting->max)
        return refuse(reader, setting, from, path, "out of range");
    conf_setting_set(setting, base, (uint32_t)value);
    return true;
}

static bool assign_dbm(struct conf_reader *reader, const struct conf_setting *setting, void *base,
                       const config_setting_t *from, const char *path)
{
    double value = 0;

    if (from->type == CONFIG_TYPE_STRING)
        return assign_word(reader, setting, base, from, path);
    if (is_integer(from))
        value = (double)config_setting_get_int64(from);
    else if (from->type == CONFIG_TYPE_FLOAT)
        value = config_setting_get_float(from);
    else
        return refuse_type(reader, setting, from, path);
    /* Written so that what is no number is out of range too. */
    if (!(value >= CONF_DBM_MIN && value <= CONF_DBM_MAX))
        return refuse(reader, setting, from, path, "out of range");
    conf_setting_set(setting, base, (uint32_t)(int32_t)(value * 100 + (value < 0 ? -0.5 : 0.5)));
    return true;
}

static bool assign_code(struct conf_reader *reader, const struct conf_setting *setting, void *base,
                        const config_setting_t *from, const char *path)
{
    if (!is_integer(from))
        return refuse_type(reader, setting, from, path);
    for (const struct conf_word *w = setting->words; w->word != NULL; w++)
        if (config_setting_get_int64(from) == (long long)w->value) {
            conf_setting_set(setting, base, w->value);
            return true;
        }
    return refuse(reader, setting, from, path, "not known");
}

static bool assign_switch(struct conf_reader *reader, const struct conf_setting *setting,
                          void *base, const config_setting_t *from, const char *path)
{
    const char *text = NULL;

    if (from->type == CONFIG_TYPE_BOOL) {
        conf_setting_set(setting, base, config_setting_get_bool(from) != 0);
        return true;
    }
    if (from->type != CONFIG_TYPE_STRING)
        return refuse_type(reader, setting, from, path);
    text = config_setting_get_string(from);
    if (strcmp(text, "on") != 0 && strcmp(text, "off") != 0)
        return refuse(reader, setting, from, path, "not known");
    conf_setting_set(setting, base, strcmp(text, "on") == 0);
    return true;
}

/* ---- lists ------------------------------------------------------------------------- */

/* One element of a list into |to|; |path| names it. */
typedef bool assign_element(struct conf_reader *reader, void *to, const config_setting_t *element,
                            const char *path);

/* A list from its beginning: |count| is how many |to| has. All elements are looked at, so that
 * every one that is wrong is told; the table says how many there may be. */
static bool assign_list(struct conf_reader *reader, const struct conf_setting *setting, void *to,
                        uint32_t *count, assign_element *assign, const config_setting_t *from,
                        const char *path)
{
    char element_path[CONF_PATH_TEXT_MAX];
    bool good = true;

    *count = 0;
    if (from->type != CONFIG_TYPE_LIST && from->type != CONFIG_TYPE_ARRAY)
        return refuse_type(reader, setting, from, path);
    if (config_setting_length(from) < (int)setting->min && !reader->partial)
        return refuse(reader, setting, from, path, "empty");
    if (config_setting_length(from) > (int)setting->max)
        return refuse(reader, setting, from, path, "too many");
    for (int i = 0; i < config_setting_length(from); i++) {
        (void)snprintf(element_path, sizeof(element_path), "%s[%d]", path, i);
        if (!assign(reader, to, config_setting_get_elem(from, (unsigned)i), element_path))
            good = false;
    }
    return good;
}

/* ---- strings ----------------------------------------------------------------------- */

/* Printable, and nothing that would have to be escaped when it is printed. */
static bool plain(const char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f || *text == '"' || *text == '\\')
            return false;
    return true;
}

/* As the kernel's dev_valid_name(), without what it would take for a pattern. */
static const char *interface_wrong(const char *name)
{
    size_t len = strlen(name);

    if (len == 0)
        return "empty";
    if (len >= RPL_IFNAME_MAX)
        return "too long";
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || !plain(name) ||
        strcspn(name, "/:% ") != len)
        return "no name of an interface";
    for (const char *p = name; *p != '\0'; p++)
        if ((unsigned char)*p > 0x7e)
            return "no name of an interface";
    return NULL;
}

static const char *user_wrong(const char *name)
{
    const char *letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
    const char *more = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789.-";

    if (strlen(name) >= CONF_NAME_MAX)
        return "too long";
    if (name[0] != '\0' && (strchr(letters, name[0]) == NULL || name[strspn(name, more)] != '\0'))
        return "no name of a user or group";
    return NULL;
}

static const char *path_wrong(const struct conf_setting *setting, const char *path)
{
    if (path[0] != '/')
        return "not absolute";
    if (strlen(path) >= setting->size)
        return "too long";
    return plain(path) ? NULL : "holds a quote, a backslash or a control character";
}

static bool assign_string(struct conf_reader *reader, const struct conf_setting *setting,
                          void *base, const config_setting_t *from, const char *path)
{
    const char *text = NULL, *wrong = NULL;

    if (from->type != CONFIG_TYPE_STRING)
        return refuse_type(reader, setting, from, path);
    text = config_setting_get_string(from);
    if (setting->kind == CONF_LINK && text[0] == '\0')
        wrong = NULL;
    else if (setting->kind == CONF_INTERFACE || setting->kind == CONF_LINK)
        wrong = interface_wrong(text);
    else if (setting->kind == CONF_USER)
        wrong = user_wrong(text);
    else
        wrong = path_wrong(setting, text);
    if (wrong != NULL)
        return refuse(reader, setting, from, path, wrong);
    memset((char *)base + setting->offset, 0, setting->size);
    memcpy((char *)base + setting->offset, text, strlen(text));
    return true;
}

/* ---- addresses --------------------------------------------------------------------- */

static const char *address_wrong(const struct rpl_addr *a)
{
    static const struct rpl_addr zero = {{0}};
    struct rpl_addr loopback = {{0}};

    loopback.b[15] = 1;
    if (memcmp(a, &zero, sizeof(zero)) == 0)
        return "the unspecified address";
    if (memcmp(a, &loopback, sizeof(loopback)) == 0)
        return "the loopback address";
    if (a->b[0] == 0xff)
        return "a multicast address";
    if (a->b[0] == 0xfe && (a->b[1] & 0xc0) == 0x80)
        return "a link-local address";
    return NULL;
}

static bool assign_address(struct conf_reader *reader, const struct conf_setting *setting,
                           void *base, const config_setting_t *from, const char *path)
{
    struct conf_instance *instance = base;
    struct rpl_addr address;
    const char *wrong = NULL;

    if (from->type != CONFIG_TYPE_STRING)
        return refuse_type(reader, setting, from, path);
    if (strcmp(config_setting_get_string(from), "auto") == 0)
        return true; /* as it is without the setting */
    if (inet_pton(AF_INET6, config_setting_get_string(from), address.b) != 1)
        return refuse(reader, setting, from, path, "no IPv6 address");
    if ((wrong = address_wrong(&address)) != NULL)
        return refuse(reader, setting, from, path, wrong);
    instance->rpl.has_dodag_id = true;
    instance->rpl.dodag_id = address;
    return true;
}

/* The number behind the slash; above 128 it is none. */
static unsigned parse_length(const char *text)
{
    unsigned value = 0;

    if (text[0] == '\0' || strlen(text) > 3 || (text[0] == '0' && text[1] != '\0'))
        return 129;
    for (; *text >= '0' && *text <= '9'; text++)
        value = value * 10 + (unsigned)(*text - '0');
    return *text == '\0' ? value : 129;
}

/* "2001:db8::/32" into |ret|; NULL or what is wrong with it. */
static const char *parse_net(const char *text, struct rpl_prefix *ret)
{
    const char *slash = strchr(text, '/');
    char address[INET6_ADDRSTRLEN] = "";
    unsigned len = 0;

    if (slash == NULL)
        return "no length";
    if ((size_t)(slash - text) >= sizeof(address))
        return "no IPv6 prefix";
    memcpy(address, text, (size_t)(slash - text));
    if (inet_pton(AF_INET6, address, ret->addr.b) != 1)
        return "no IPv6 prefix";
    len = parse_length(slash + 1);
    if (len > 128)
        return "its length is no number up to 128";
    ret->len = (uint8_t)len;
    for (unsigned bit = len; bit < 128; bit++)
        if ((ret->addr.b[bit / 8] & 0x80u >> bit % 8) != 0)
            return "bits are set beyond its length";
    return NULL;
}

/* "fd00::/64". */
static const char *parse_prefix(const char *text, struct rpl_addr *ret_prefix)
{
    struct rpl_prefix net = {0};
    const char *wrong = parse_net(text, &net);

    if (wrong != NULL)
        return wrong;
    if (net.len != 64)
        return "its length is not 64";
    *ret_prefix = net.addr;
    return address_wrong(ret_prefix);
}

static bool assign_prefix(struct conf_reader *reader, const struct conf_setting *setting,
                          void *base, const config_setting_t *from, const char *path)
{
    struct conf_instance *instance = base;
    struct rpl_addr prefix;
    const char *wrong = NULL;

    if (from->type != CONFIG_TYPE_STRING)
        return refuse_type(reader, setting, from, path);
    if (strcmp(config_setting_get_string(from), "auto") == 0)
        return true; /* as it is without the setting */
    if ((wrong = parse_prefix(config_setting_get_string(from), &prefix)) != NULL)
        return refuse(reader, setting, from, path, wrong);
    instance->prefix_auto = false;
    instance->rpl.prefix = prefix;
    instance->rpl.prefix_len = 64;
    return true;
}

static bool assign_net(struct conf_reader *reader, void *to, const config_setting_t *element,
                       const char *path)
{
    struct rpl_prefixes *list = to;
    struct rpl_prefix net = {0};
    const char *wrong = NULL;

    if (element->type != CONFIG_TYPE_STRING)
        wrong = "not in quotes";
    else
        wrong = parse_net(config_setting_get_string(element), &net);
    if (wrong == NULL && net.len > 0)
        wrong = address_wrong(&net.addr);
    for (uint32_t i = 0; wrong == NULL && i < list->count; i++)
        if (list->prefix[i].len == net.len &&
            memcmp(&list->prefix[i].addr, &net.addr, sizeof(net.addr)) == 0)
            wrong = "listed twice";
    if (wrong != NULL) {
        conf_reader_error(reader, element, path,
                          "%s; allowed is a routable prefix, as in \"2001:db8::/32\"", wrong);
        return false;
    }
    list->prefix[list->count++] = net;
    return true;
}

/* A place in the list is a number of a context, so one without a prefix is kept by "". */
static bool assign_context(struct conf_reader *reader, void *to, const config_setting_t *element,
                           const char *path)
{
    struct conf_contexts *contexts = to;
    struct rpl_addr *prefix = &contexts->prefix[contexts->count++];
    const char *wrong = NULL;

    memset(prefix, 0, sizeof(*prefix));
    if (element->type != CONFIG_TYPE_STRING)
        wrong = "not in quotes";
    else if (config_setting_get_string(element)[0] != '\0')
        wrong = parse_prefix(config_setting_get_string(element), prefix);
    if (wrong != NULL)
        conf_reader_error(reader, element, path,
                          "%s; allowed is a routable /64, as in \"fd00::/64\", or \"\"", wrong);
    return wrong == NULL;
}

/* ---- interfaces -------------------------------------------------------------------- */

static bool assign_interface(struct conf_reader *reader, void *to, const config_setting_t *element,
                             const char *path)
{
    struct conf_instance *instance = to;
    static const struct conf_setting name = {
        CONF_GROUP_INSTANCE, "interfaces", CONF_INTERFACE, 0, 0, 0, NULL, 0, 0, ""};
    const char *text = NULL, *wrong = NULL;

    if (element->type != CONFIG_TYPE_STRING)
        return refuse_type(reader, &name, element, path);
    text = config_setting_get_string(element);
    if ((wrong = interface_wrong(text)) != NULL)
        return refuse(reader, &name, element, path, wrong);
    for (uint32_t i = 0; i < instance->interface_count; i++)
        if (strcmp(instance->interface[i], text) == 0)
            return refuse(reader, &name, element, path, "listed twice");
    memcpy(instance->interface[instance->interface_count], text, strlen(text) + 1);
    instance->interface_count++;
    return true;
}

static bool assign_security(struct conf_reader *reader, const struct conf_setting *setting,
                            const config_setting_t *from, const char *path)
{
    if (from->type != CONFIG_TYPE_STRING)
        return refuse_type(reader, setting, from, path);
    if (strcmp(config_setting_get_string(from), "none") == 0)
        return true;
    return refuse(reader, setting, from, path,
                  "secured RPL messages are recognised and counted, not spoken");
}

/* ---- EUI-64 ------------------------------------------------------------------------- */

static int hex_digit(char c)
{
    const char *digits = "0123456789abcdef", *at = NULL;

    if (c >= 'A' && c <= 'F')
        c = (char)(c - 'A' + 'a');
    at = c == '\0' ? NULL : strchr(digits, c);
    return at == NULL ? -1 : (int)(at - digits);
}

/* Sixteen digits, each pair but the first behind a colon or hyphen, or none of them; 0x before
 * them is how iwpan(8) writes it. */
static bool parse_eui64(const char *text, uint8_t ret_eui64[CONF_EUI64_LEN])
{
    uint8_t eui64[CONF_EUI64_LEN];
    char separator = '\0';

    if (strncmp(text, "0x", 2) == 0)
        text += 2;
    else if (strlen(text) > 2 && (text[2] == ':' || text[2] == '-'))
        separator = text[2];
    for (unsigned i = 0; i < CONF_EUI64_LEN; i++) {
        int high = 0, low = 0;

        if (i > 0 && separator != '\0' && *text++ != separator)
            return false;
        if ((high = hex_digit(text[0])) < 0 || (low = hex_digit(text[1])) < 0)
            return false;
        eui64[i] = (uint8_t)(high << 4 | low);
        text += 2;
    }
    if (*text != '\0')
        return false;
    memcpy(ret_eui64, eui64, sizeof(eui64));
    return true;
}

/* What no node and no interface can have as its address. */
static const char *eui64_wrong(const char *text, uint8_t ret_eui64[CONF_EUI64_LEN])
{
    static const uint8_t none[CONF_EUI64_LEN] = {0};

    if (!parse_eui64(text, ret_eui64))
        return "no EUI-64";
    if (memcmp(ret_eui64, none, sizeof(none)) == 0)
        return "all zeros";
    return (ret_eui64[0] & 1) != 0 ? "the address of a group" : NULL;
}

static bool assign_eui64_element(struct conf_reader *reader, void *to,
                                 const config_setting_t *element, const char *path)
{
    struct conf_eui64_list *list = to;
    const char *wrong = NULL;
    uint8_t eui64[CONF_EUI64_LEN];
    uint64_t number = 0;

    if (element->type != CONFIG_TYPE_STRING)
        wrong = "not in quotes";
    else
        wrong = eui64_wrong(config_setting_get_string(element), eui64);
    for (unsigned i = 0; wrong == NULL && i < CONF_EUI64_LEN; i++)
        number = number << 8 | eui64[i];
    for (uint32_t i = 0; wrong == NULL && i < list->count; i++)
        if (list->eui64[i] == number)
            wrong = "listed twice";
    if (wrong != NULL) {
        conf_reader_error(reader, element, path,
                          "%s; allowed are up to %u EUI-64s, as in \"02:12:4b:00:14:b5:d9:0e\"",
                          wrong, RPL_ACCESS_MAX);
        return false;
    }
    list->eui64[list->count++] = number;
    return true;
}

static bool assign_eui64(struct conf_reader *reader, const struct conf_setting *setting, void *base,
                         const config_setting_t *from, const char *path)
{
    uint8_t *to = (uint8_t *)base + setting->offset, eui64[CONF_EUI64_LEN];
    const char *text = NULL, *wrong = NULL;

    if (from->type != CONFIG_TYPE_STRING)
        return refuse_type(reader, setting, from, path);
    text = config_setting_get_string(from);
    if (find_word(setting, text) != NULL) {
        memset(to, 0, CONF_EUI64_LEN);
        return true;
    }
    if ((wrong = eui64_wrong(text, eui64)) != NULL)
        return refuse(reader, setting, from, path, wrong);
    memcpy(to, eui64, sizeof(eui64));
    return true;
}

/* ---- names ---------------------------------------------------------------------------- */

/* An EUI-64 stands for the interface identifier made of it, below whatever prefix. */
static const char *node_wrong(const char *text, struct rpl_addr *ret_node)
{
    uint8_t eui64[CONF_EUI64_LEN];
    const char *wrong = eui64_wrong(text, eui64);

    if (parse_eui64(text, eui64)) {
        *ret_node = (struct rpl_addr){{0xfe, 0x80}};
        memcpy(ret_node->b + 8, eui64, sizeof(eui64));
        ret_node->b[8] ^= 2;
        return wrong;
    }
    if (inet_pton(AF_INET6, text, ret_node->b) != 1)
        return "neither an EUI-64 nor an IPv6 address";
    return conf_node_is_eui64(ret_node) ? NULL : address_wrong(ret_node);
}

/* A name that /etc/hosts takes: RFC 1123 section 2.1. */
static const char *name_wrong(const char *name)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    size_t len = strlen(name);

    if (len == 0 || len >= CONF_NODE_NAME_MAX)
        return "a name has 1 to 63 characters";
    if (strchr(letters, name[0]) == NULL || strchr(letters, name[len - 1]) == NULL)
        return "a name begins and ends with a letter or digit";
    for (size_t i = 0; i < len; i++)
        if (strchr(letters, name[i]) == NULL && name[i] != '-' && name[i] != '.')
            return "a name has letters, digits, - and . only";
    return NULL;
}

static const char *name_read(const config_setting_t *element, struct conf_node_name *ret_entry)
{
    const char *node = NULL, *name = NULL, *wrong = NULL;

    if (element->type != CONFIG_TYPE_GROUP)
        return "no group";
    if (config_setting_length(element) != 2 ||
        config_setting_lookup_string(element, "node", &node) != CONFIG_TRUE ||
        config_setting_lookup_string(element, "name", &name) != CONFIG_TRUE)
        return "a name needs node and name, both in quotes, and nothing else";
    wrong = node_wrong(node, &ret_entry->node);
    if (wrong == NULL)
        wrong = name_wrong(name);
    if (wrong == NULL)
        strcpy(ret_entry->name, name);
    return wrong;
}

static bool assign_name(struct conf_reader *reader, void *to, const config_setting_t *element,
                        const char *path)
{
    struct conf_node_names *names = to;
    struct conf_node_name *entry = &names->entry[names->count];
    const char *wrong = name_read(element, entry);

    for (uint32_t i = 0; wrong == NULL && i < names->count; i++)
        if (strcasecmp(names->entry[i].name, entry->name) == 0)
            wrong = "the name is listed twice";
        else if (memcmp(&names->entry[i].node, &entry->node, sizeof(entry->node)) == 0)
            wrong = "the node is listed twice";
    if (wrong != NULL) {
        conf_reader_error(reader, element, path,
                          "%s; allowed is { node = \"02:12:4b:00:14:b5:d9:0e\"; name = \"door\"; }",
                          wrong);
        return false;
    }
    names->count++;
    return true;
}

static bool assign_lists(struct conf_reader *reader, const struct conf_setting *setting, void *base,
                         const config_setting_t *from, const char *path)
{
    void *to = (char *)base + setting->offset;
    struct conf_contexts *contexts = to; /* whichever it is */
    struct rpl_prefixes *prefixes = to;
    struct conf_eui64_list *nodes = to;
    struct conf_node_names *names = to;
    struct conf_instance *instance = base;

    if (setting->kind == CONF_NAMES)
        return assign_list(reader, setting, to, &names->count, assign_name, from, path);
    if (setting->kind == CONF_CONTEXTS)
        return assign_list(reader, setting, to, &contexts->count, assign_context, from, path);
    if (setting->kind == CONF_PREFIXES)
        return assign_list(reader, setting, to, &prefixes->count, assign_net, from, path);
    if (setting->kind == CONF_EUI64_LIST)
        return assign_list(reader, setting, to, &nodes->count, assign_eui64_element, from, path);
    return assign_list(reader, setting, instance, &instance->interface_count, assign_interface,
                       from, path);
}

bool conf_assign(struct conf_reader *reader, const struct conf_setting *setting, void *base,
                 const config_setting_t *from, const char *path)
{
    switch (setting->kind) {
    case CONF_NUMBER:
    case CONF_HEX:
        return assign_number(reader, setting, base, from, path);
    case CONF_DBM:
        return assign_dbm(reader, setting, base, from, path);
    case CONF_CONTEXTS:
    case CONF_PREFIXES:
    case CONF_EUI64_LIST:
    case CONF_NAMES:
    case CONF_INTERFACES:
        return assign_lists(reader, setting, base, from, path);
    case CONF_EUI64:
        return assign_eui64(reader, setting, base, from, path);
    case CONF_CHOICE:
        if (from->type != CONFIG_TYPE_STRING)
            return refuse_type(reader, setting, from, path);
        return assign_word(reader, setting, base, from, path);
    case CONF_CODE:
        return assign_code(reader, setting, base, from, path);
    case CONF_SWITCH:
        return assign_switch(reader, setting, base, from, path);
    case CONF_INTERFACE:
    case CONF_LINK:
    case CONF_USER:
    case CONF_PATH:
        return assign_string(reader, setting, base, from, path);
    case CONF_ADDRESS:
        return assign_address(reader, setting, base, from, path);
    case CONF_PREFIX:
        return assign_prefix(reader, setting, base, from, path);
    case CONF_SECURITY:
        return assign_security(reader, setting, from, path);
    }
    return false;
}
