/* SPDX-License-Identifier: ISC */
/*
 * conf/: every file of tests/conf against what stands beside it, the round trip through
 * conf_print(), what a reload may change, and the table against rpld.conf(5).
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "conf/conf.h"
#include "conf/internal.h"
#include "conf/table.h"

static struct conf conf, again;
static struct conf_errors errors;

/* The whole of |file| as a string to be freed. */
static char *slurp(const char *file)
{
    FILE *in = fopen(file, "r");
    char *text = NULL;
    size_t size = 0, n = 0;
    FILE *out = open_memstream(&text, &size);
    char buffer[4096];

    if (in == NULL)
        fail_msg("%s: %s", file, strerror(errno));
    assert_non_null(out);
    while ((n = fread(buffer, 1, sizeof(buffer), in)) > 0)
        assert_int_equal(fwrite(buffer, 1, n, out), n);
    fclose(in);
    fclose(out);
    return text;
}

static char *printed(const struct conf *what)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    assert_non_null(out);
    conf_print(what, out);
    fclose(out);
    return text;
}

static char *errors_printed(void)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    assert_non_null(out);
    conf_errors_print(&errors, out);
    fclose(out);
    return text;
}

/* Load what has to be right. */
static void load(const char *text)
{
    if (conf_load_string(text, "text", &conf, &errors) != 0) {
        conf_errors_print(&errors, stderr);
        fail();
    }
}

#define MINIMAL "instances = ( { role = \"root\"; interfaces = ( \"lowpan0\" ); } );"

/* ---- files ------------------------------------------------------------------------- */

static void check_bad(const char *file)
{
    char expected_file[300];
    char *expected = NULL, *got = NULL;
    struct conf before;

    (void)snprintf(expected_file, sizeof(expected_file), "%.*s.out", (int)strlen(file) - 5, file);
    expected = slurp(expected_file);
    memset(&conf, 0x5a, sizeof(conf));
    before = conf;
    assert_int_equal(conf_load(file, &conf, &errors), -EINVAL);
    assert_memory_equal(&conf, &before, sizeof(conf));
    assert_int_not_equal(errors.count, 0);
    got = errors_printed();
    if (strcmp(got, expected) != 0)
        fail_msg("%s:\nexpected\n%s\ngot\n%s", file, expected, got);
    free(got);
    free(expected);
}

/* The effective configuration is the one in the .out file, and reads back to itself. */
static void check_good(const char *file)
{
    char expected_file[300];
    char *expected = NULL, *got = NULL, *twice = NULL;

    (void)snprintf(expected_file, sizeof(expected_file), "%.*s.out", (int)strlen(file) - 5, file);
    expected = slurp(expected_file);
    memset(&conf, 0, sizeof(conf));
    memset(&again, 0, sizeof(again));
    if (conf_load(file, &conf, &errors) != 0) {
        conf_errors_print(&errors, stderr);
        fail_msg("%s", file);
    }
    assert_int_equal(errors.count, 0);
    got = printed(&conf);
    if (strcmp(got, expected) != 0)
        fail_msg("%s:\nexpected\n%s\ngot\n%s", file, expected, got);
    assert_int_equal(conf_load_string(got, file, &again, &errors), 0);
    assert_memory_equal(&conf, &again, sizeof(conf));
    twice = printed(&again);
    assert_string_equal(got, twice);
    free(twice);
    free(got);
    free(expected);
}

static void test_files(void **state)
{
    (void)state;
    DIR *dir = NULL;
    struct dirent *entry = NULL;
    unsigned good = 0, bad = 0;

    assert_int_equal(chdir(TEST_CONF_DIR), 0);
    dir = opendir(".");
    assert_non_null(dir);
    while ((entry = readdir(dir)) != NULL) {
        size_t len = strlen(entry->d_name);

        if (len < 6 || strcmp(entry->d_name + len - 5, ".conf") != 0)
            continue;
        if (strncmp(entry->d_name, "bad-", 4) == 0) {
            check_bad(entry->d_name);
            bad++;
        } else {
            check_good(entry->d_name);
            good++;
        }
    }
    closedir(dir);
    print_message("%u right files, %u wrong ones\n", good, bad);
    assert_true(good >= 3 && bad >= 20);
}

/* Files are named as they are found from where the daemon stands. */
static void test_elsewhere(void **state)
{
    (void)state;

    assert_int_equal(chdir(TEST_CONF_DIR "/.."), 0);
    assert_int_equal(conf_load("conf/bad-included.conf", &conf, &errors), -EINVAL);
    assert_int_equal(errors.count, 4);
    assert_string_equal(errors.error[0].file, "conf/bad-included.conf");
    assert_string_equal(errors.error[3].file, "conf/wrong.inc");
    assert_int_equal(conf_load("conf/good-include.conf", &conf, &errors), 0);
    assert_int_equal(conf_load(TEST_CONF_DIR "/good-include.conf", &conf, &errors), 0);
    assert_int_equal(conf_load(TEST_CONF_DIR "/bad-included-syntax.conf", &conf, &errors), -EINVAL);
    assert_int_equal(errors.count, 2);
    assert_string_equal(errors.error[1].file, TEST_CONF_DIR "/syntax.inc");
    assert_int_equal(errors.error[1].line, 2);
}

static void test_unreadable(void **state)
{
    (void)state;
    struct conf before;
    char name[400];

    memset(&conf, 0x5a, sizeof(conf));
    before = conf;
    assert_int_equal(conf_load("/nonexistent/rpld.conf", &conf, &errors), -ENOENT);
    assert_int_equal(errors.count, 1);
    assert_int_equal(conf_load("/", &conf, &errors), -EISDIR);
    assert_int_equal(errors.count, 1);
    assert_int_equal(conf_load("/dev/null", &conf, &errors), -EINVAL);
    assert_int_equal(errors.count, 1);
    memset(name, 'x', sizeof(name));
    name[sizeof(name) - 1] = '\0';
    assert_int_equal(conf_load(name, &conf, &errors), -ENAMETOOLONG);
    assert_int_equal(errors.count, 1);
    assert_memory_equal(&conf, &before, sizeof(conf));
}

/* A file of more than CONF_FILE_MAX octets, and one that holds a NUL. */
static void test_strange_files(void **state)
{
    (void)state;
    char name[] = "/tmp/conf_test.XXXXXX";
    int fd = mkstemp(name);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, MINIMAL "\0", sizeof(MINIMAL)), sizeof(MINIMAL));
    assert_int_equal(conf_load(name, &conf, &errors), -EINVAL);
    assert_string_equal(errors.error[0].file, name);
    assert_int_equal(ftruncate(fd, CONF_FILE_MAX + 1), 0);
    assert_int_equal(conf_load(name, &conf, &errors), -EFBIG);
    assert_int_equal(ftruncate(fd, sizeof(MINIMAL) - 1), 0);
    assert_int_equal(conf_load(name, &conf, &errors), 0);
    close(fd);
    unlink(name);
}

/* What ships as /etc/rpld/rpld.conf. */
static void test_example(void **state)
{
    (void)state;

    if (conf_load(SOURCE_DIR "/conf/rpld.conf", &conf, &errors) != 0) {
        conf_errors_print(&errors, stderr);
        fail();
    }
    assert_int_equal(conf.instance_count, 1);
    assert_int_equal(conf.instance[0].rpl.role, RPL_ROLE_ROOT);
    assert_true(conf.instance[0].prefix_auto);
    assert_string_equal(conf.instance[0].interface[0], "lowpan0");
    assert_false(conf.bridge.present);
}

/* ---- values ------------------------------------------------------------------------ */

static void test_defaults(void **state)
{
    (void)state;
    struct rpl_instance_config expected;
    static struct rpl_config engine;

    load(MINIMAL);
    rpl_instance_config_default(&expected);
    assert_memory_equal(&conf.instance[0].rpl, &expected, sizeof(expected));
    assert_true(conf.instance[0].prefix_auto);
    assert_string_equal(conf.control.socket, "/run/rpld/rpld.sock");
    assert_string_equal(conf.control.group, "rpld");
    assert_string_equal(conf.state.directory, "/var/lib/rpld");
    assert_string_equal(conf.user, "rpld");
    assert_string_equal(conf.tun, "rpl0");
    assert_false(conf.keep_routes);
    assert_true(conf.firewall);
    assert_false(conf.bridge.present);
    rpl_config_default(&engine);
    assert_memory_equal(&conf.limits, &engine.limits, sizeof(engine.limits));
}

static void test_bridge(void **state)
{
    (void)state;

    load(MINIMAL "bridge = { };");
    assert_true(conf.bridge.present);
    load(MINIMAL "bridge = { broker = \"mqtt.example\"; names = ( { a = 1; } ); };");
    assert_true(conf.bridge.present);
    assert_int_equal(conf.bridge.program[0], '/');
}

/* As many nodes as fit into an access list are taken and given to the engine, one more is not. */
static void test_access_full(void **state)
{
    (void)state;
    static struct rpl_config engine;
    char *text = NULL;
    size_t size = 0;

    for (unsigned count = RPL_ACCESS_MAX; count <= RPL_ACCESS_MAX + 1; count++) {
        FILE *out = open_memstream(&text, &size);

        assert_non_null(out);
        (void)fprintf(out, MINIMAL "access = { deny = (");
        for (unsigned i = 0; i < count; i++)
            (void)fprintf(out, "%s \"0212%012x\"", i == 0 ? "" : ",", i);
        (void)fprintf(out, " ); };");
        fclose(out);
        assert_int_equal(conf_load_string(text, "text", &conf, &errors),
                         count == RPL_ACCESS_MAX ? 0 : -EINVAL);
        free(text);
    }
    assert_int_equal(errors.count, 1);
    assert_string_equal(errors.error[0].setting, "access.deny");
    conf_engine_config(&conf, &engine);
    assert_int_equal(engine.access.allow_count, 0);
    assert_int_equal(engine.access.deny_count, RPL_ACCESS_MAX);
    assert_true(engine.access.deny[4095] == UINT64_C(0x0212000000000fff));
    text = printed(&conf);
    memset(&again, 0, sizeof(again));
    assert_int_equal(conf_load_string(text, "text", &again, &errors), 0);
    assert_memory_equal(&conf, &again, sizeof(conf));
    free(text);
    again.access.deny.eui64[7]++;
    assert_false(conf_reloadable(&conf, &again, NULL, NULL));
}

/* ---- a file of the previous version --------------------------------------------------- */

static const struct conf_old old_names[] = {
    {CONF_GROUP_TOP, "tun_name", "tun"},
    {CONF_GROUP_INSTANCE, "mode_of_operation", "mode"},
    {CONF_GROUP_DODAG, "k", "dio_redundancy"},
};

static int load_old(const char *text)
{
    conf_old_names = old_names;
    conf_old_count = sizeof(old_names) / sizeof(old_names[0]);
    int r = conf_load_string(text, "old.conf", &conf, &errors);
    conf_old_names = NULL;
    conf_old_count = 0;
    return r;
}

static void test_old_names(void **state)
{
    char line[CONF_LINE_MAX];
    const char *text = "tun_name = \"rpl7\";\n"
                       "instances = ( { role = \"root\"; mode_of_operation = \"storing\";\n"
                       "  interfaces = ( \"lowpan0\" ); dodag = { k = 3; }; } );\n";

    (void)state;
    assert_int_equal(load_old(text), 0);
    assert_int_equal(errors.count, 3);
    assert_int_equal(errors.warnings, 3);
    assert_string_equal(conf.tun, "rpl7");
    assert_int_equal(conf.instance[0].rpl.mop, RPL_MOP_STORING);
    assert_int_equal(conf.instance[0].rpl.dodag.dio_redundancy_constant, 3);
    conf_error_format(&errors.error[2], line, sizeof(line));
    assert_string_equal(line, "old.conf:3: warning: instances[0].dodag.k = 3: an old name, "
                              "understood for now; write dio_redundancy = ...");
    /* What is wrong with the value is as wrong as ever. */
    assert_int_equal(load_old("tun_name = 3;" MINIMAL), -EINVAL);
    assert_int_equal(errors.count, 2);
    assert_int_equal(errors.warnings, 1);
    /* Both names at once: nobody knows which is meant. */
    assert_int_equal(load_old("tun = \"a\"; tun_name = \"b\";" MINIMAL), -EINVAL);
    assert_int_equal(errors.warnings, 0);
    /* Elsewhere it is no name at all. */
    assert_int_equal(load_old("k = 1;" MINIMAL), -EINVAL);
    assert_int_equal(errors.warnings, 0);
    /* And without the table neither. */
    assert_int_equal(conf_load_string(text, "old.conf", &conf, &errors), -EINVAL);
}

static void test_constraints(void **state)
{
    (void)state;
    const struct rpl_constraint expected[] = {{2, true, 9}, {5, true, 20000}, {7, true, 640}};

    load("instances = ( { role = \"root\"; interfaces = ( \"a\" ); metric = \"hops\";"
         "constraints = { etx = 640; energy = 9; latency = 20000; optional = true; }; } );");
    assert_int_equal(conf.instance[0].rpl.metric, RPL_METRIC_HOPS);
    assert_int_equal(conf.instance[0].rpl.constraint_count, 3);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(conf.instance[0].rpl.constraint[i].type, expected[i].type);
        assert_true(conf.instance[0].rpl.constraint[i].optional);
        assert_int_equal(conf.instance[0].rpl.constraint[i].value, expected[i].value);
    }
}

/* A switch takes "on", "off", true and false. */
static void test_switches(void **state)
{
    (void)state;

    load("keep_routes = true;" MINIMAL);
    assert_true(conf.keep_routes);
    load("keep_routes = false;" MINIMAL);
    assert_false(conf.keep_routes);
    load("firewall = false;" MINIMAL);
    assert_false(conf.firewall);
    load("keep_routes = \"on\";" MINIMAL);
    assert_true(conf.keep_routes);
    load("keep_routes = \"off\";" MINIMAL);
    assert_false(conf.keep_routes);
}

/* A preferred lifetime that is not given follows a shorter valid one. */
static void test_preferred_follows(void **state)
{
    (void)state;

    load("instances = ( { role = \"root\"; interfaces = ( \"a\" ); prefix_valid = 600; } );");
    assert_int_equal(conf.instance[0].rpl.prefix_valid_s, 600);
    assert_int_equal(conf.instance[0].rpl.prefix_preferred_s, 600);
}

static void test_includes_in_text(void **state)
{
    (void)state;

    assert_int_equal(
        conf_load_string("@include \"/etc/hostname\"\n" MINIMAL, "text", &conf, &errors), -EINVAL);
    assert_int_equal(errors.count, 1);
    assert_int_equal(errors.error[0].line, 1);
    assert_string_equal(errors.error[0].setting, "@include \"/etc/hostname\"");
}

static void *mem_alloc(void *ctx, size_t size)
{
    (void)ctx;
    return calloc(1, size);
}

static void mem_free(void *ctx, void *p)
{
    (void)ctx;
    free(p);
}

/* What this room lets through, the engine takes. */
static void test_engine_agrees(void **state)
{
    (void)state;
    static struct rpl_config engine;

    assert_int_equal(chdir(TEST_CONF_DIR), 0);
    assert_int_equal(conf_load("good-everything.conf", &conf, &errors), 0);
    rpl_config_default(&engine);
    engine.mem.alloc = mem_alloc;
    engine.mem.free = mem_free;
    conf_engine_config(&conf, &engine);
    assert_int_equal(engine.instance_count, 3);
    assert_int_equal(engine.limits.targets, 1000000);
    assert_memory_equal(&engine.instance[1], &conf.instance[1].rpl, sizeof(engine.instance[1]));
    assert_null(rpl_config_check(&engine));
}

static void test_interface_instances(void **state)
{
    (void)state;

    assert_int_equal(chdir(TEST_CONF_DIR), 0);
    assert_int_equal(conf_load("good-everything.conf", &conf, &errors), 0);
    assert_int_equal(conf_interface_instances(&conf, "lowpan0"), 5);
    assert_int_equal(conf_interface_instances(&conf, "wpan.1"), 1);
    assert_int_equal(conf_interface_instances(&conf, "eth0"), 2);
    assert_int_equal(conf_interface_instances(&conf, "eth1"), 0);
}

static void test_log_names(void **state)
{
    (void)state;
    enum conf_log_level level = CONF_LOG_ERROR;

    for (int i = CONF_LOG_ERROR; i <= CONF_LOG_DEBUG; i++) {
        assert_int_equal(conf_log_level_parse(conf_log_level_name((enum conf_log_level)i), &level),
                         0);
        assert_int_equal(level, i);
    }
    assert_int_equal(conf_log_level_parse("loud", &level), -EINVAL);
    assert_int_equal(level, CONF_LOG_DEBUG);
    assert_string_equal(conf_log_to_name(CONF_LOG_SYSLOG), "syslog");
}

/* ---- errors ------------------------------------------------------------------------ */

static void test_error_format(void **state)
{
    (void)state;
    struct conf_error error = {"rpld.conf", 7, "log.level", "\"loud\"", "not known; allowed is x",
                               false};
    char line[64], tiny[8];

    conf_error_format(&error, line, sizeof(line));
    assert_string_equal(line, "rpld.conf:7: log.level = \"loud\": not known; allowed is x");
    error.value[0] = '\0';
    conf_error_format(&error, line, sizeof(line));
    assert_string_equal(line, "rpld.conf:7: log.level: not known; allowed is x");
    error.line = 0;
    error.setting[0] = '\0';
    conf_error_format(&error, line, sizeof(line));
    assert_string_equal(line, "rpld.conf: not known; allowed is x");
    conf_error_format(&error, tiny, sizeof(tiny));
    assert_string_equal(tiny, "rpld.co");
}

/* ---- reloading --------------------------------------------------------------------- */

static bool lists(const struct conf_changes *changes, const char *setting)
{
    for (uint32_t i = 0; i < changes->count; i++)
        if (strcmp(changes->setting[i], setting) == 0)
            return true;
    return false;
}

#define TWO(more1, more2)                                                                          \
    "instances = ( { role = \"root\"; interfaces = ( \"a\" );" more1 " },"                         \
    "{ id = 1; role = \"leaf\"; interfaces = ( \"b\" );" more2 " } );"

static void test_reload_nothing(void **state)
{
    (void)state;
    struct conf_changes changed, fixed;

    load(TWO("", ""));
    again = conf;
    load("log = { level = \"notice\"; };" TWO("id = 0;", "compat = { srh = \"inline\"; };"));
    /* The daemon has made its prefix: still "auto". */
    again.instance[0].rpl.prefix.b[0] = 0xfd;
    assert_true(conf_reloadable(&again, &conf, &changed, &fixed));
    assert_int_equal(changed.count + fixed.count, 0);
}

static void test_reload_taken(void **state)
{
    (void)state;
    struct conf_changes changed, fixed;

    load(TWO("", ""));
    again = conf;
    load("log = { level = \"debug\"; to = \"syslog\"; }; keep_routes = true;"
         "state = { writes_per_hour = 5; };" TWO("", ""));
    assert_true(conf_reloadable(&again, &conf, &changed, &fixed));
    assert_true(conf_reloadable(&again, &conf, NULL, NULL));
    assert_int_equal(fixed.count, 0);
    assert_int_equal(changed.count, 4);
    assert_true(lists(&changed, "log.level") && lists(&changed, "log.to") &&
                lists(&changed, "keep_routes") && lists(&changed, "state.writes_per_hour"));
    conf_take_reloadable(&again, &conf);
    assert_memory_equal(&again, &conf, sizeof(conf));
}

static void test_reload_fixed(void **state)
{
    (void)state;
    struct conf_changes changed, fixed;
    struct conf before;

    load(TWO("", ""));
    again = conf;
    load("log = { level = \"debug\"; }; tun = \"x\"; bridge = { };"
         "limits = { peers = 99; };" TWO("prefix = \"fd00::/64\"; dodag = { dio_redundancy = 3; };",
                                         "dodag_id = \"fd00::1\";"));
    assert_false(conf_reloadable(&again, &conf, &changed, &fixed));
    assert_int_equal(changed.count, 1);
    assert_true(lists(&changed, "log.level"));
    assert_int_equal(fixed.count, 6);
    assert_true(lists(&fixed, "tun") && lists(&fixed, "bridge") && lists(&fixed, "limits.peers"));
    assert_true(lists(&fixed, "instances[0].prefix"));
    assert_true(lists(&fixed, "instances[0].dodag.dio_redundancy"));
    assert_true(lists(&fixed, "instances[1].dodag_id"));
    before = again;
    conf_take_reloadable(&again, &conf);
    before.log.level = CONF_LOG_DEBUG;
    assert_memory_equal(&again, &before, sizeof(again));
}

static void test_reload_instances(void **state)
{
    (void)state;
    struct conf_changes fixed;

    load(TWO("", ""));
    again = conf;
    load("instances = ( { role = \"root\"; interfaces = ( \"a\", \"b\" ); } );");
    assert_false(conf_reloadable(&again, &conf, NULL, &fixed));
    assert_int_equal(fixed.count, 2);
    assert_true(lists(&fixed, "instances[0].interfaces") && lists(&fixed, "instances[1]"));
    assert_false(conf_reloadable(&conf, &again, NULL, &fixed));
    assert_int_equal(fixed.count, 2);
}

static void test_radio(void **state)
{
    (void)state;
    const uint8_t eui64[CONF_EUI64_LEN] = {0x02, 0x12, 0x4b, 0, 0x14, 0xb5, 0xd9, 0x0e};
    char text[CONF_EUI64_TEXT_MAX];

    load(MINIMAL);
    assert_int_equal(conf.radio_count, 0);
    load("radio = ( );" MINIMAL);
    assert_int_equal(conf.radio_count, 0);
    load("radio = ( { eui64 = \"02124B0014b5d90e\"; tx_power = -1.5; } );" MINIMAL);
    assert_int_equal(conf.radio_count, 1);
    assert_memory_equal(conf.radio[0].eui64, eui64, sizeof(eui64));
    assert_int_equal(conf.radio[0].tx_power, -150);
    conf_eui64_format(eui64, text);
    assert_string_equal(text, "02:12:4b:00:14:b5:d9:0e");
    load("radio = ( { tx_power = 3.7; } );" MINIMAL);
    assert_int_equal(conf.radio[0].tx_power, 370);
    load("radio = ( { tx_power = \"driver\"; } );" MINIMAL);
    assert_int_equal(conf.radio[0].tx_power, CONF_TX_POWER_DRIVER);
}

/* The kernel calls its default metric 1024, and says so of a route that was set without one. */
static void test_kernel_metric(void **state)
{
    (void)state;

    load(TWO("", "route_metric = 1024;"));
    assert_int_equal(conf.instance[0].rpl.route_metric, 0);
    assert_int_equal(conf.instance[1].rpl.route_metric, 0);
    load(TWO("", "route_metric = 1023;"));
    assert_int_equal(conf.instance[1].rpl.route_metric, 1023);
}

static void test_reload_radio(void **state)
{
    (void)state;
    struct conf_changes changed, fixed;

    load("radio = ( { } );" MINIMAL);
    again = conf;
    assert_true(conf_reloadable(&again, &conf, NULL, &fixed));
    load("radio = ( { channel = 11; address = \"02124b0014b5d90e\"; } );" MINIMAL);
    assert_false(conf_reloadable(&again, &conf, &changed, &fixed));
    assert_int_equal(fixed.count, 2);
    assert_int_equal(changed.count, 0);
    assert_true(lists(&fixed, "radio[0].channel") && lists(&fixed, "radio[0].address"));
    load(MINIMAL);
    assert_false(conf_reloadable(&again, &conf, NULL, &fixed));
    assert_true(lists(&fixed, "radio[0]"));
}

/* ---- the manual -------------------------------------------------------------------- */

/* The entry of |name| in the part of |group|: from its .It to the next one or the end of the
 * list, its lines joined by blanks. Freed by the caller. */
static char *manual_entry(const char *manual, enum conf_group group, const char *name)
{
    char heading[64], item[64];
    const char *at = NULL, *end = NULL;
    char *text = NULL;

    (void)snprintf(heading, sizeof(heading), "\n.Ss %s\n",
                   group == CONF_GROUP_TOP ? "The top of the file" : conf_groups[group].name);
    (void)snprintf(item, sizeof(item), "\n.It Ic %s\n", name);
    at = strstr(manual, heading);
    if (at == NULL)
        fail_msg("rpld.conf(5) has no%s", heading);
    end = strstr(at + 1, "\n.Ss ");
    at = strstr(at, item);
    if (at == NULL || (end != NULL && at > end))
        fail_msg("rpld.conf(5) has no %s in %s", name, conf_groups[group].name);
    end = strstr(at + 1, "\n.It ");
    if (end == NULL || end > strstr(at, "\n.El"))
        end = strstr(at, "\n.El");
    assert_non_null(end);
    text = strndup(at, (size_t)(end - at));
    assert_non_null(text);
    for (char *p = text; *p != '\0'; p++)
        if (*p == '\n')
            *p = ' ';
    return text;
}

static void entry_has(const char *entry, const char *name, const char *what)
{
    if (strstr(entry, what) == NULL)
        fail_msg("rpld.conf(5), %s: \"%s\" is missing in \"%s\"", name, what, entry);
}

/* Each setting with what is allowed, its default, who may set it, and what a reload does. */
static void test_manual(void **state)
{
    (void)state;
    char *manual = slurp(SOURCE_DIR "/man/rpld.conf.5");
    char value[1024], line[1100];
    unsigned items = 0;

    load(MINIMAL);
    for (size_t i = 0; i < conf_table_count; i++) {
        const struct conf_setting *s = &conf_table[i];
        char *entry = manual_entry(manual, s->group, s->name);
        const void *base = s->group < CONF_GROUP_RADIO    ? (void *)&conf
                           : s->group == CONF_GROUP_RADIO ? (void *)&conf.radio[0]
                                                          : &conf.instance[0];

        conf_setting_allowed(s, value, sizeof(value));
        (void)snprintf(line, sizeof(line), "Allowed: %s.", value);
        entry_has(entry, s->name, line);
        conf_setting_format(s, base, value, sizeof(value));
        (void)snprintf(line, sizeof(line), "Default: %s.", value);
        if (strcmp(s->name, "program") == 0) /* depends on where it is installed */
            (void)snprintf(line, sizeof(line), "Default: ");
        entry_has(entry, s->name, (s->flags & CONF_REQUIRED) != 0 ? "There is no default." : line);
        if ((s->flags & CONF_ROOT_ONLY) != 0)
            entry_has(entry, s->name, "Roots only.");
        if ((s->flags & CONF_NOT_ROOT) != 0)
            entry_has(entry, s->name, "Routers and leaves only.");
        if ((s->flags & CONF_RELOADABLE) != 0)
            entry_has(entry, s->name, "Changed by a reload.");
        else
            assert_null(strstr(entry, "Changed by a reload."));
        free(entry);
    }
    /* And no setting that does not exist. */
    for (const char *p = manual; (p = strstr(p, "\n.It Ic ")) != NULL; p++)
        items++;
    assert_int_equal(items, conf_table_count);
    free(manual);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_elsewhere),
        cmocka_unit_test(test_unreadable),
        cmocka_unit_test(test_strange_files),
        cmocka_unit_test(test_example),
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_bridge),
        cmocka_unit_test(test_access_full),
        cmocka_unit_test(test_old_names),
        cmocka_unit_test(test_constraints),
        cmocka_unit_test(test_switches),
        cmocka_unit_test(test_preferred_follows),
        cmocka_unit_test(test_includes_in_text),
        cmocka_unit_test(test_engine_agrees),
        cmocka_unit_test(test_interface_instances),
        cmocka_unit_test(test_log_names),
        cmocka_unit_test(test_error_format),
        cmocka_unit_test(test_reload_nothing),
        cmocka_unit_test(test_reload_taken),
        cmocka_unit_test(test_reload_fixed),
        cmocka_unit_test(test_reload_instances),
        cmocka_unit_test(test_radio),
        cmocka_unit_test(test_kernel_metric),
        cmocka_unit_test(test_reload_radio),
        cmocka_unit_test(test_manual),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
