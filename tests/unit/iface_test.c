/* SPDX-License-Identifier: ISC */
/* Interfaces by name: they come late, go, come back under another number, are renamed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "rpld/iface.h"

static struct conf conf;
static struct iface_table table;
static struct rpl_event events[IFACE_EVENTS_MAX];

static int setup(void **unused)
{
    (void)unused;
    memset(&conf, 0, sizeof(conf));
    conf.instance_count = 2;
    conf.instance[0].interface_count = 2;
    strcpy(conf.instance[0].interface[0], "lowpan0");
    strcpy(conf.instance[0].interface[1], "eth1");
    conf.instance[1].interface_count = 1;
    strcpy(conf.instance[1].interface[0], "lowpan0");
    iface_table_init(&table, &conf);
    return 0;
}

static struct krt_link link_of(uint32_t ifindex, const char *name, bool up)
{
    struct krt_link link = {.ifindex = ifindex, .up = up, .has_link_local = up, .mtu = 1280};

    snprintf(link.name, sizeof(link.name), "%s", name);
    link.link_local.b[0] = 0xfe;
    link.link_local.b[1] = 0x80;
    link.link_local.b[15] = (uint8_t)ifindex;
    return link;
}

static unsigned update(uint32_t ifindex, const char *name, bool up, bool gone)
{
    struct krt_link link = link_of(ifindex, name, up);

    return iface_update(&table, &link, gone, events);
}

static void names_are_merged(void **unused)
{
    (void)unused;
    assert_int_equal(table.count, 2);
    assert_string_equal(table.iface[0].name, "lowpan0");
    assert_int_equal(table.iface[0].instances, 3);
    assert_int_equal(table.iface[1].instances, 1);
    assert_null(iface_find(&table, 0));
}

static void only_ours_and_only_changes_are_told(void **unused)
{
    (void)unused;
    assert_int_equal(update(3, "eth0", true, false), 0);
    assert_int_equal(update(4, "lowpan0", false, false), 1);
    assert_int_equal(events[0].u.link.state, RPL_LINK_DOWN);
    assert_int_equal(update(4, "lowpan0", true, false), 1);
    assert_int_equal(events[0].u.link.state, RPL_LINK_UP);
    assert_int_equal(events[0].u.link.instances, 3);
    assert_int_equal(events[0].u.link.address.b[15], 4);
    assert_string_equal(events[0].u.link.name, "lowpan0");
    assert_int_equal(update(4, "lowpan0", true, false), 0);
    assert_non_null(iface_find(&table, 4));
}

static void new_address_is_told(void **unused)
{
    struct krt_link link = link_of(4, "lowpan0", true);

    (void)unused;
    assert_int_equal(iface_update(&table, &link, false, events), 1);
    link.link_local.b[15] = 99;
    assert_int_equal(iface_update(&table, &link, false, events), 1);
    assert_int_equal(events[0].u.link.address.b[15], 99);
    link.has_link_local = false;
    assert_int_equal(iface_update(&table, &link, false, events), 1);
    assert_int_equal(events[0].u.link.state, RPL_LINK_DOWN);
}

static void another_number_is_another_link(void **unused)
{
    (void)unused;
    update(4, "lowpan0", true, false);
    assert_int_equal(update(9, "lowpan0", true, false), 2);
    assert_int_equal(events[0].u.link.state, RPL_LINK_GONE);
    assert_int_equal(events[0].u.link.ifindex, 4);
    assert_int_equal(events[1].u.link.state, RPL_LINK_UP);
    assert_int_equal(events[1].u.link.ifindex, 9);
    /* The late word that the old one is gone is about nothing any more. */
    assert_int_equal(update(4, "lowpan0", true, true), 0);
    assert_non_null(iface_find(&table, 9));
    assert_null(iface_find(&table, 4));
}

static void gone_and_renamed_are_gone(void **unused)
{
    (void)unused;
    update(4, "lowpan0", true, false);
    assert_int_equal(update(4, "lowpan0", true, true), 1);
    assert_int_equal(events[0].u.link.state, RPL_LINK_GONE);
    assert_int_equal(update(4, "lowpan0", true, true), 0);
    /* What is told of it is told by its name. */
    assert_string_equal(iface_name(&table, 4), "lowpan0");
    assert_null(iface_name(&table, 0));
    assert_null(iface_name(&table, 77));
    update(5, "lowpan0", true, false);
    /* From one name of ours to another: gone there, up here. */
    assert_int_equal(update(5, "eth1", true, false), 2);
    assert_int_equal(events[0].u.link.state, RPL_LINK_GONE);
    assert_int_equal(events[1].u.link.state, RPL_LINK_UP);
    assert_int_equal(events[1].u.link.instances, 1);
    /* And back, with the name taken by another number meanwhile. */
    update(6, "lowpan0", true, false);
    assert_int_equal(update(5, "lowpan0", true, false), 3);
    assert_int_equal(events[0].u.link.state, RPL_LINK_GONE);
    assert_int_equal(events[1].u.link.state, RPL_LINK_GONE);
    assert_int_equal(events[0].u.link.ifindex + events[1].u.link.ifindex, 5 + 6);
    assert_int_equal(events[2].u.link.state, RPL_LINK_UP);
    assert_int_equal(events[2].u.link.ifindex, 5);
    assert_int_equal(update(5, "other", true, false), 1);
    assert_int_equal(events[0].u.link.state, RPL_LINK_GONE);
}

/* Two names of ours change places, as seen one notice at a time. */
static void swapped_names_settle(void **unused)
{
    (void)unused;
    update(4, "lowpan0", true, false);
    update(5, "eth1", true, false);
    assert_in_range(update(4, "tmp", true, false), 1, IFACE_EVENTS_MAX);
    assert_in_range(update(5, "lowpan0", true, false), 1, IFACE_EVENTS_MAX);
    assert_in_range(update(4, "eth1", true, false), 1, IFACE_EVENTS_MAX);
    assert_string_equal(iface_find(&table, 5)->name, "lowpan0");
    assert_string_equal(iface_find(&table, 4)->name, "eth1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(names_are_merged, setup),
        cmocka_unit_test_setup(only_ours_and_only_changes_are_told, setup),
        cmocka_unit_test_setup(new_address_is_told, setup),
        cmocka_unit_test_setup(another_number_is_another_link, setup),
        cmocka_unit_test_setup(gone_and_renamed_are_gone, setup),
        cmocka_unit_test_setup(swapped_names_settle, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
