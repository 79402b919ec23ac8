/* SPDX-License-Identifier: ISC */
#include "bridge/seek.h"

#include "bridge/clock.h"
#include "bridge/log.h"
#include "bridge/udp.h"

#define FIRST_S 1.
#define JOIN_S 10. /* between two looks for an interface */

/* An interface that is not there yet is tried again. */
static void join_due(struct ev_loop *loop, ev_timer *timer, int events)
{
    struct brg_seek *seek = timer->data;
    const struct bconf *conf = seek->conf;
    bool all = true;

    (void)events;
    for (size_t i = 0; i < conf->n_multicast; i++) {
        int err = seek->joined[i] ? 0 : brg_udp_join(seek->udp, conf->multicast[i]);

        if (err == 0 && !seek->joined[i]) {
            brg_log_info("coap: among all CoAP nodes interface=%s", conf->multicast[i]);
            seek->joined[i] = true;
        }
        all &= err == 0;
    }
    if (all) {
        ev_timer_stop(loop, timer);
    }
}

static void ask_due(struct ev_loop *loop, ev_timer *timer, int events)
{
    struct brg_seek *seek = timer->data;
    const struct bconf *conf = seek->conf;
    struct coap_addr groups[2 * BCONF_RULES_MAX];
    struct brg_now now = brg_clock_read();
    size_t n = 0;

    (void)loop;
    (void)events;
    if (conf->directory[0] != '\0' &&
        brg_core_directory(seek->core, &conf->directory_addr, conf->directory_uri, &now) < 0) {
        brg_log_warning("directory: cannot be asked");
    }
    if (conf->multicast_discovery) {
        n = brg_udp_groups(conf->multicast, conf->n_multicast, (uint16_t)conf->node_port, groups);
        brg_core_scan(seek->core, groups, n, &now);
    }
}

void brg_seek_start(struct brg_seek *seek, struct ev_loop *loop, const struct bconf *conf,
                    struct brg_core *core, int udp)
{
    struct brg_now now = brg_clock_read();

    seek->conf = conf;
    seek->core = core;
    seek->udp = udp;
    brg_core_list(core, conf->nodes, conf->n_nodes, &now);
    ev_timer_init(&seek->join, join_due, 0., JOIN_S);
    ev_timer_init(&seek->ask, ask_due, FIRST_S, conf->source_interval_s);
    seek->join.data = seek;
    seek->ask.data = seek;
    ev_timer_start(loop, &seek->join);
    if (conf->directory[0] != '\0' || conf->multicast_discovery) {
        ev_timer_start(loop, &seek->ask);
    }
}
