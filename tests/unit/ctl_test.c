/* SPDX-License-Identifier: ISC */
/* What the control socket shows and does: the fields that programs rely on, and the text. */
#include "ctl_lib.h"
#include "rpl/rpl_wire.h"

#include <errno.h>
#include <stdio.h>
#include <strings.h>
#include <unistd.h>

/* ---- views ------------------------------------------------------------------------------ */

static void status(void **state)
{
    (void)state;
    cJSON *json = ask_json("json status\n");
    cJSON *instance = element(json, "instances", 0, 1);
    assert_true(cJSON_IsTrue(get(instance, "waiting")));
    assert_string_equal(element(json, "waiting_for", 0, 1)->valuestring, "missing0");
    cJSON_Delete(json);
    assert_non_null(strstr(ask("status\n"), "waiting for an interface"));
    link_up();
    dao(2, 1);
    json = ask_json("json status\n");
    instance = element(json, "instances", 0, 1);
    assert_int_equal(number(instance, "id"), 0);
    assert_string_equal(string(instance, "dodag_id"), "fd00::200:0:0:1");
    assert_string_equal(string(instance, "role"), "root");
    assert_string_equal(string(instance, "mode"), "non-storing");
    assert_string_equal(string(instance, "objective"), "mrhof");
    assert_int_equal(number(instance, "version"), 240);
    number(instance, "dtsn");
    assert_int_equal(number(instance, "rank"), 256);
    assert_true(cJSON_IsTrue(get(instance, "grounded")));
    assert_int_equal(number(instance, "nodes"), 1);
    assert_string_equal(string(instance, "state"), "running");
    assert_int_equal(number(json, "uptime_s"), 3700);
    cJSON_Delete(json);
    const char *text = ask("text status\n");
    assert_memory_equal(text, "ok\nrpld 0.1.0, up 1 h 1 min, /etc/rpld/rpld.conf\n", 49);
    assert_non_null(strstr(text, "\ndodag id          fd00::200:0:0:1\n"));
}

static void nodes(void **state)
{
    (void)state;
    link_up();
    assert_string_equal(ask("nodes\n"), "ok\nno nodes\n");
    dao(2, 1);
    dao(3, 2);
    now += RPL_S(5);
    cJSON *json = ask_json("json nodes\n");
    cJSON *node = element(json, "nodes", 1, 2);
    assert_string_equal(string(node, "address"), "fd00::200:0:0:3");
    assert_string_equal(string(node, "eui64"), "0000000000000003");
    assert_int_equal(number(node, "instance"), 0);
    get(node, "via");
    cJSON *parent = element(node, "parents", 0, 1);
    assert_string_equal(string(parent, "address"), "fd00::200:0:0:2");
    assert_int_equal(number(parent, "path_control"), 0);
    assert_int_equal(number(node, "hops"), 2);
    number(node, "path_sequence");
    assert_true(number(node, "lifetime_s") > 0);
    assert_int_equal(number(node, "last_dao_s"), 5);
    assert_string_equal(string(node, "route"), "installed");
    assert_true(cJSON_IsNull(get(node, "route_error")));
    cJSON_Delete(json);
    const char *text = ask("nodes\n");
    assert_memory_equal(text, "ok\nADDRESS ", 11);
    assert_non_null(strstr(text, "\nfd00::200:0:0:3 "));
}

static void routes(void **state)
{
    (void)state;
    link_up();
    dao(2, 1);
    dao(3, 2);
    kernel_error = EEXIST;
    dao(4, 3);
    cJSON *json = ask_json("json routes\n");
    cJSON *route;
    bool seen = false, refused = false;
    cJSON_ArrayForEach(route, get(json, "routes"))
    {
        const char *target = string(route, "target"), *kind = string(route, "kind");
        assert_true(cJSON_IsArray(get(route, "segments")));
        get(route, "via");
        get(route, "interface");
        if (strcmp(target, "fd00::/64") == 0)
            assert_string_equal(kind, "kernel");
        if (strcmp(target, "fd00::200:0:0:3") == 0) {
            seen = true;
            assert_string_equal(kind, "source-route");
            assert_string_equal(string(route, "interface"), "test0");
            assert_string_equal(string(route, "via"), "fd00::200:0:0:2");
            assert_string_equal(element(route, "segments", 1, 2)->valuestring, "fd00::200:0:0:3");
        }
        if (strcmp(target, "fd00::200:0:0:4") == 0) {
            refused = true;
            assert_string_equal(string(route, "state"), "refused");
            assert_string_equal(string(route, "error"), strerror(EEXIST));
        }
    }
    assert_true(seen && refused);
    cJSON_Delete(json);
    assert_non_null(strstr(ask("doctor\n"), "FAIL  kernel routes: 1 refused"));
}

static void tree_non_storing(void **state)
{
    (void)state;
    link_up();
    dao(3, 1);
    dao(2, 1);
    dao(4, 2);
    dao(5, 4);
    dao(6, 2);
    dao(8, 9); /* nobody knows 9 */
    assert_string_equal(ask("tree\n"),
                        "ok\n"
                        "fd00::200:0:0:1  root of instance 0, non-storing, version 240, 5 nodes\n"
                        "├─ fd00::200:0:0:2\n"
                        "│  ├─ fd00::200:0:0:4\n"
                        "│  │  └─ fd00::200:0:0:5\n"
                        "│  └─ fd00::200:0:0:6\n"
                        "└─ fd00::200:0:0:3\n"
                        "└─ fd00::200:0:0:8  (orphan: fd00::200:0:0:9 is not known)\n");
    cJSON *json = ask_json("json tree\n");
    cJSON *node = element(json, "nodes", 2, 6);
    assert_string_equal(string(node, "address"), "fd00::200:0:0:5");
    assert_int_equal(number(node, "depth"), 3);
    assert_string_equal(string(node, "parent"), "fd00::200:0:0:4");
    assert_true(cJSON_IsNull(get(node, "mark")));
    assert_string_equal(string(element(json, "nodes", 5, 6), "mark"), "orphan");
    assert_string_equal(string(element(json, "roots", 0, 1), "address"), "fd00::200:0:0:1");
    cJSON_Delete(json);
    const char *dot = ask("graph dot\n");
    assert_memory_equal(dot, "ok\ndigraph rpl {\n", 17);
    assert_non_null(strstr(dot, "    \"fd00::200:0:0:5\" -> \"fd00::200:0:0:4\";\n"));
    assert_string_equal(dot + strlen(dot) - 4, ";\n}\n");
    json = ask_json("json graph\n");
    element(json, "edges", 0, 6);
    cJSON_Delete(json);
    assert_memory_equal(ask("graph svg\n"), "error 2 ", 8);
}

static void tree_storing(void **state)
{
    (void)state;
    link_up();
    assert_int_equal(dao_from(RPL_MOP_STORING, 2, 2, 30), 0);
    assert_int_equal(dao_from(RPL_MOP_STORING, 3, 2, 30), 0);
    assert_int_equal(dao_from(RPL_MOP_STORING, 4, 2, 30), 0);
    assert_string_equal(ask("tree\n"),
                        "ok\n"
                        "fd00::200:0:0:1  root of instance 0, storing, version 240, 3 nodes\n"
                        "storing mode DAOs name no parent: children, and the targets behind each\n"
                        "└─ fd00::200:0:0:2\n"
                        "   ├─ fd00::200:0:0:3\n"
                        "   └─ fd00::200:0:0:4\n");
    cJSON *json = ask_json("json nodes\n");
    cJSON *node = element(json, "nodes", 1, 3);
    element(node, "parents", 0, 0);
    assert_true(cJSON_IsNull(get(node, "hops")));
    assert_string_equal(string(node, "via"), "fe80::200:0:0:2");
    cJSON_Delete(json);
    json = ask_json("json routes\n");
    cJSON_ArrayForEach(node, get(json, "routes"))
    {
        assert_string_equal(string(node, "kind"), "kernel");
        element(node, "segments", 0, 0);
    }
    cJSON_Delete(json);
}

static void one_node(void **state)
{
    (void)state;
    link_up();
    dao(2, 1);
    now += RPL_S(10);
    dao(3, 1);
    now += RPL_S(10);
    dao(3, 2);
    static const char *const names[] = {"json node fd00::200:0:0:3\n",
                                        "json node fe80::200:0:0:3\n",
                                        "json node 00:00:00:00:00:00:00:03\n"};
    for (unsigned i = 0; i < 3; i++) {
        cJSON *json = ask_json(names[i]);
        cJSON *node = element(json, "nodes", 0, 1);
        assert_string_equal(string(node, "address"), "fd00::200:0:0:3");
        cJSON *event = cJSON_GetArrayItem(get(json, "history"), 0);
        assert_string_equal(string(event, "event"), "node-up");
        assert_true(get(event, "ago_s")->valuedouble == 10.0);
        assert_int_equal(strlen(string(event, "time")), 27);
        cJSON_Delete(json);
    }
    /* Gone, but not forgotten. */
    assert_int_equal(dao_from(RPL_MOP_NON_STORING, 3, 2, 0), 0);
    cJSON *json = ask_json("json node fd00::200:0:0:3\n");
    bool down = false;
    cJSON *event;
    cJSON_ArrayForEach(event, get(json, "history"))
    {
        down |= strcmp(string(event, "event"), "node-down") == 0;
    }
    assert_true(down);
    cJSON_Delete(json);
    assert_memory_equal(ask("node fd00::200:0:0:3\n"), "ok\n", 3);
    assert_string_equal(ask("node fd00::99\n"), "error 1 no node fd00::99, now or lately\n");
    assert_memory_equal(ask("node nonsense\n"), "error 2 ", 8);
}

static bool hall_is_3(void *ctx, const char *name, struct rpl_addr *ret_node)
{
    const struct rpl_addr node = global(3);
    (void)ctx;
    *ret_node = rpl_addr_link_local(&node);
    return strcasecmp(name, "hall.house") == 0;
}

/* A name of the configuration does where an address does; it may stand for an EUI-64. */
static void names_of_nodes(void **state)
{
    (void)state;
    link_up();
    dao(2, 1);
    dao(3, 2);
    source.named = hall_is_3;
    cJSON *json = ask_json("json node hall.house\n");
    assert_string_equal(string(element(json, "nodes", 0, 1), "address"), "fd00::200:0:0:3");
    cJSON_Delete(json);
    json = ask_json("json node Hall.House\n");
    assert_string_equal(string(element(json, "nodes", 0, 1), "address"), "fd00::200:0:0:3");
    cJSON_Delete(json);
    assert_memory_equal(ask("node hall\n"), "error 2 ", 8);
    assert_memory_equal(ask("forget hall\n"), "error 2 ", 8);
    assert_string_equal(ask("forget hall.house\n"), "ok\n");
    assert_non_null(strstr(logged, "forget hall.house uid="));
    json = ask_json("json nodes\n");
    assert_string_equal(string(element(json, "nodes", 0, 1), "address"), "fd00::200:0:0:2");
    cJSON_Delete(json);
    assert_string_equal(ask("forget hall.house\n"), "error 1 no node hall.house\n");
    /* It was here lately. */
    json = ask_json("json node hall.house\n");
    element(json, "nodes", 0, 0);
    assert_true(cJSON_GetArraySize(get(json, "history")) > 0);
    cJSON_Delete(json);
    source.named = NULL;
}

static void dodag_fields(void **state)
{
    static const struct {
        const char *name;
        int value;
    } numbers[] = {{"instance", 0},
                   {"version", 240},
                   {"dtsn", 240},
                   {"preference", 0},
                   {"rank", 256},
                   {"dag_rank", 1},
                   {"lowest_rank", 256},
                   {"min_hop_rank_increase", 256},
                   {"max_rank_increase", 1792},
                   {"dio_interval_min", 12},
                   {"dio_interval_doublings", 8},
                   {"dio_redundancy_constant", 10},
                   {"default_lifetime", 30},
                   {"lifetime_unit_s", 60},
                   {"path_control_size", 0},
                   {"dao_sequence", 239}, /* none yet */
                   {"path_sequence", 239}};
    static const struct {
        const char *name, *value;
    } words[] = {{"dodag_id", "fd00::200:0:0:1"},
                 {"mode", "non-storing"},
                 {"objective", "mrhof"},
                 {"prefix", "fd00::/64"},
                 {"rpi_type", "0x63"}};
    (void)state;
    cJSON *json = ask_json("json dodag\n");
    element(json, "dodags", 0, 0);
    cJSON_Delete(json);
    link_up();
    json = ask_json("json dodag\n");
    cJSON *dodag = element(json, "dodags", 0, 1);
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        if (number(dodag, numbers[i].name) != numbers[i].value)
            fail_msg("%s is %d", numbers[i].name, number(dodag, numbers[i].name));
    }
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        assert_string_equal(string(dodag, words[i].name), words[i].value);
    assert_true(cJSON_IsTrue(get(dodag, "grounded")));
    assert_true(cJSON_IsFalse(get(dodag, "compressed_6lorh")));
    assert_string_equal(element(dodag, "more_prefixes", 0, 2)->valuestring, "fd01::/64");
    assert_string_equal(element(dodag, "more_prefixes", 1, 2)->valuestring, "fd02::/64");
    cJSON_Delete(json);
    /* RFC 9008 section 10: the type changes while the DODAG lives. */
    const struct rpl_event_command command = {.command = RPL_COMMAND_RPI_TYPE, .rpi_type = 0x23};
    assert_int_equal(source.command(source.ctx, &command), 0);
    json = ask_json("json dodag\n");
    assert_string_equal(string(element(json, "dodags", 0, 1), "rpi_type"), "0x23");
    cJSON_Delete(json);
}

/* Once the DIO of an interval is out, the next may come in the second half of the next one. */
static void next_dio(void **state)
{
    (void)state;
    link_up();
    cJSON *json = ask_json("json dodag\n");
    cJSON *dodag = element(json, "dodags", 0, 1);
    double t = get(get(dodag, "trickle"), "t_s")->valuedouble;
    double interval = get(get(dodag, "trickle"), "interval_s")->valuedouble;
    assert_null(cJSON_GetObjectItem(dodag, "next_dio_earliest_s"));
    cJSON_Delete(json);
    pass_time((rpl_duration)(t * 1e6) + RPL_MS(2));
    json = ask_json("json dodag\n");
    dodag = element(json, "dodags", 0, 1);
    assert_true(cJSON_IsNull(get(dodag, "next_dio_s")));
    double left = get(get(dodag, "trickle"), "end_s")->valuedouble;
    double earliest = get(dodag, "next_dio_earliest_s")->valuedouble;
    assert_true(left > 0 && left <= interval - t);
    assert_true(earliest > left + interval - 0.01 && earliest < left + interval + 0.01);
    cJSON_Delete(json);
}

static void small_views(void **state)
{
    (void)state;
    link_up();
    cJSON *json = ask_json("json dodag\n");
    cJSON *dodag = element(json, "dodags", 0, 1);
    cJSON *trickle = get(dodag, "trickle");
    assert_true(cJSON_IsTrue(get(trickle, "running")));
    assert_true(get(trickle, "interval_s")->valuedouble > 4);
    assert_true(get(trickle, "t_s")->valuedouble > 0);
    assert_true(get(dodag, "next_dio_s")->valuedouble == get(trickle, "t_s")->valuedouble);
    number(trickle, "c");
    number(trickle, "k");
    cJSON_Delete(json);
    json = ask_json("json interfaces\n");
    cJSON *interface = element(json, "interfaces", 1, 2);
    assert_string_equal(string(interface, "name"), "missing0");
    assert_string_equal(string(interface, "state"), "missing");
    assert_true(cJSON_IsNull(get(interface, "radio")) && cJSON_IsNull(get(interface, "pan_id")));
    interface = element(json, "interfaces", 0, 2);
    assert_string_equal(string(interface, "radio"), "up");
    assert_string_equal(string(interface, "eui64"), "02124b00000100fe");
    assert_int_equal(number(interface, "channel"), 26);
    assert_int_equal(number(interface, "pan_id"), 0xabcd);
    cJSON_Delete(json);
    json = ask_json("json counters\n");
    cJSON *counter;
    unsigned seen = 0;
    cJSON_ArrayForEach(counter, get(json, "counters"))
    {
        const char *name = string(counter, "name");
        seen += strcmp(name, "forward-packets-down") == 0 && number(counter, "value") == 42;
        seen += strcmp(name, "dao-in") == 0 && number(counter, "value") == 0;
        seen += strcmp(name, "control-requests") == 0 && number(counter, "value") == 3;
    }
    assert_int_equal(seen, 3);
    cJSON_Delete(json);
    assert_string_equal(ask("config\n"), "ok\ninstances = ( {\n    id = 0;\n} );\n");
    json = ask_json("json config\n");
    assert_string_equal(element(json, "lines", 1, 3)->valuestring, "    id = 0;");
    cJSON_Delete(json);
    json = ask_json("json neighbors\n");
    element(json, "neighbors", 0, 0);
    cJSON_Delete(json);
    json = ask_json("json help\n");
    assert_int_equal(cJSON_GetArraySize(get(json, "commands")), 25);
    cJSON_Delete(json);
}

static void metrics(void **state)
{
    (void)state;
    link_up();
    dao(2, 1);
    const char *text = ask("metrics\n");
    assert_memory_equal(text, "ok\n# TYPE rpld_build_info gauge\n", 32);
    assert_non_null(strstr(text, "\nrpld_dao_in_total 1\n"));
    assert_non_null(strstr(text, "\nrpld_instance_nodes{instance=\"0\"} 1\n"));
    assert_non_null(strstr(text, "\nrpld_node_hops{instance=\"0\",address=\"fd00::200:0:0:2\","
                                 "eui64=\"0000000000000002\"} 1\n"));
    assert_string_equal(text + strlen(text) - 7, "\n# EOF\n");
    assert_memory_equal(ask("metrics metrics\n"), "ok\n# TYPE", 9);
    cJSON *json = ask_json("json metrics\n");
    assert_true(cJSON_GetArraySize(get(json, "metrics")) > 10);
    cJSON_Delete(json);
    assert_memory_equal(ask("metrics nodes\n"), "error 2 ", 8);
}

static void doctor(void **state)
{
    (void)state;
    link_up();
    cJSON *json = ask_json("json doctor\n");
    cJSON *item;
    bool missing = false;
    cJSON_ArrayForEach(item, get(json, "checks"))
    {
        bool ok = cJSON_IsTrue(get(item, "ok"));
        string(item, "name");
        string(item, "detail");
        assert_int_equal(ok, cJSON_IsNull(get(item, "mend")));
        if (strcmp(string(item, "name"), "interface missing0") == 0)
            missing = !ok && strstr(string(item, "mend"), "create it");
    }
    assert_true(missing);
    cJSON_Delete(json);
    assert_non_null(strstr(ask("doctor\n"), "\nFAIL  interface missing0: it is not there\n"
                                            "      mend: create it"));
    /* Frames that could not be read: a context that was missing, none with security. */
    assert_non_null(strstr(ask("doctor\n"), "\nFAIL  lowpan-context-unknown: radio frames name "));
    assert_non_null(strstr(ask("doctor\n"), "into contexts in the configuration"));
    assert_non_null(strstr(ask("doctor\n"), "\nok    lowpan-mac-secured: none\n"));
}

/* ---- changes ---------------------------------------------------------------------------- */

static void changes(void **state)
{
    char expected[128];
    (void)state;
    link_up();
    dao(2, 1);
    assert_string_equal(ask("repair global\n"), "ok\n");
    snprintf(expected, sizeof(expected), "repair global uid=%u pid=%d result=ok",
             (unsigned)geteuid(), (int)getpid());
    assert_string_equal(logged, expected);
    cJSON *json = ask_json("json status\n");
    assert_int_equal(number(element(json, "instances", 0, 1), "version"), 241);
    cJSON_Delete(json);
    json = ask_json("json dtsn 0\n");
    assert_int_equal(element(json, "instances", 0, 1)->valueint, 0);
    cJSON_Delete(json);
    assert_memory_equal(ask("repair local\n"), "error 1 ", 8);
    assert_memory_equal(ask("repair global 5\n"), "error 1 ", 8);
    assert_memory_equal(ask("repair global x\n"), "error 2 ", 8);
    assert_memory_equal(ask("repair global 256\n"), "error 2 ", 8);
    assert_memory_equal(ask("repair all\n"), "error 2 ", 8);
    assert_string_equal(ask("forget fd00::200:0:0:2\n"), "ok\n");
    assert_string_equal(ask("nodes\n"), "ok\nno nodes\n");
    assert_memory_equal(ask("forget fd00::200:0:0:2\n"), "error 1 ", 8);
    assert_memory_equal(ask("forget me\n"), "error 2 ", 8);
    assert_string_equal(ask("log debug\n"), "ok\n");
    assert_memory_equal(ask("log loud\n"), "error 2 ", 8);
    assert_string_equal(ask("reload\n"), "ok\nrpld.conf:3: mode cannot change while running\n");
    reload_error = -EINVAL;
    assert_string_equal(ask("json reload\n"), "error 4 nothing was changed: Invalid argument\n"
                                              "rpld.conf:3: mode cannot change while running\n"
                                              "rpld.conf:4: no such setting\n");
    reload_error = 0;
    json = ask_json("json reload\n");
    element(json, "messages", 0, 1);
    cJSON_Delete(json);
}

static void readers_change_nothing(void **state)
{
    static const char *const requests[] = {"repair global\n", "json repair global\n", "dtsn\n",
                                           "dis\n",           "forget ::1\n",         "log debug\n",
                                           "reload\n"};
    (void)state;
    link_up();
    for (unsigned i = 0; i < sizeof(requests) / sizeof(requests[0]); i++)
        assert_memory_equal(ask(requests[i]), "error 4 ", 8);
    assert_string_equal(logged, "");
    cJSON *json = ask_json("json status\n");
    assert_int_equal(number(element(json, "instances", 0, 1), "version"), 240);
    cJSON_Delete(json);
}

#define WITH(test, before) cmocka_unit_test_setup_teardown(test, before, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(status, setup),
        WITH(nodes, setup),
        WITH(routes, setup),
        WITH(tree_non_storing, setup),
        WITH(tree_storing, setup_storing),
        WITH(one_node, setup),
        WITH(names_of_nodes, setup),
        WITH(dodag_fields, setup_prefixes),
        WITH(next_dio, setup),
        WITH(small_views, setup),
        WITH(metrics, setup),
        WITH(doctor, setup),
        WITH(changes, setup),
        WITH(readers_change_nothing, setup_reader),
    };
    int result = cmocka_run_group_tests(tests, NULL, NULL);
    forget_reply();
    return result;
}
