/* SPDX-License-Identifier: ISC */
#include "sim/scenario.h"

#include <inttypes.h>
#include <stdio.h>

#include "of/of.h"

const char *sim_topology_name(enum sim_topology topology)
{
    static const char *const names[] = {"line", "grid", "tree", "disc"};

    return names[topology];
}

static double seconds(rpl_duration duration)
{
    return (double)duration / 1e6;
}

static double node_hours(const struct sim_scenario *options)
{
    return options->nodes * seconds(options->duration) / 3600;
}

static double percent(uint64_t part, uint64_t whole)
{
    return whole > 0 ? 100.0 * (double)part / (double)whole : 100.0;
}

void sim_report_repeat(const struct sim_scenario *o)
{
    static const char *const roots[] = {"no", "state", "fresh"};

    fprintf(stderr,
            "repeat with: rplsim --nodes %u --topology %s --degree %u --mop %d --objective %s "
            "--loss %.6g --hours %.10g --traffic %.10g --imin %u --doublings %u --redundancy %u "
            "--switch-threshold %u --restarts %.10g --cuts %.10g --root-restart %s --seed %" PRIu64
            "\n",
            o->nodes, sim_topology_name(o->topology), o->degree, (int)o->mop, of_name(o->ocp),
            o->loss / 1e6, seconds(o->duration) / 3600, seconds(o->traffic),
            o->dodag.dio_interval_min, o->dodag.dio_interval_doublings,
            o->dodag.dio_redundancy_constant, o->switch_threshold, o->restarts, o->cuts,
            roots[o->root_restart], o->seed);
}

static void flow_text(const char *name, const struct sim_flow *flow)
{
    printf("%-19s%.3f %% of %" PRIu64 ", mean hops %.2f", name,
           percent(flow->delivered, flow->sent), flow->sent,
           flow->delivered > 0 ? (double)flow->hops / (double)flow->delivered : 0.0);
    for (unsigned i = SIM_DELIVERED + 1; i < SIM_FATE_COUNT; i++) {
        if (flow->lost[i] > 0)
            printf(", %s %" PRIu64, sim_fate_name((enum sim_fate)i), flow->lost[i]);
    }
    printf("\n");
}

void sim_report_text(const struct sim_scenario *options, const struct sim_outcome *result)
{
    const struct sim_stats *stats = &result->stats;
    double hours = node_hours(options);

    printf("network            %u nodes, %s, MOP %d, %s, loss %.1f %%, %.4g h, seed %" PRIu64 "\n",
           options->nodes, sim_topology_name(options->topology), (int)options->mop,
           of_name(options->ocp), options->loss / 1e4, seconds(options->duration) / 3600,
           options->seed);
    printf("joined             %u of %u, median %.1f s, p99 %.1f s\n", result->joined,
           options->nodes - 1, seconds(result->join_median), seconds(result->join_p99));
    printf("messages/node/hour DIS %.2f, DIO %.2f, DAO %.2f, DAO-ACK %.2f\n",
           (double)stats->dis / hours, (double)stats->dio / hours, (double)stats->dao / hours,
           (double)stats->dao_ack / hours);
    printf("parents            %.3f changes/node/hour, %" PRIu64 " detached\n",
           (double)stats->parent_changes / hours, stats->detached);
    flow_text("up", &result->up);
    flow_text("down", &result->down);
    printf("longest way        %u hops\n", result->hops_max);
    printf("memory             %.0f octets/node\n", (double)stats->memory_peak / options->nodes);
    printf("digest             %016" PRIx64 "\n", result->digest);
    printf("rules              %s\n", result->failed ? result->failure : "held");
}

static void flow_json(const char *name, const struct sim_flow *flow)
{
    printf("  \"%s\": {\"sent\": %" PRIu64 ", \"delivered\": %" PRIu64 ", \"hops_mean\": %.3f",
           name, flow->sent, flow->delivered,
           flow->delivered > 0 ? (double)flow->hops / (double)flow->delivered : 0.0);
    printf(", \"lost\": [");
    for (unsigned i = SIM_DELIVERED + 1, first = 1; i < SIM_FATE_COUNT; i++) {
        if (flow->lost[i] == 0)
            continue;
        printf("%s{\"cause\": \"%s\", \"count\": %" PRIu64 "}", first ? "" : ", ",
               sim_fate_name((enum sim_fate)i), flow->lost[i]);
        first = 0;
    }
    printf("]},\n");
}

void sim_report_json(const struct sim_scenario *options, const struct sim_outcome *result)
{
    const struct sim_stats *stats = &result->stats;
    double hours = node_hours(options);

    printf("{\n  \"schema\": 1,\n");
    printf("  \"nodes\": %u, \"topology\": \"%s\", \"mop\": %d, \"objective\": \"%s\",\n",
           options->nodes, sim_topology_name(options->topology), (int)options->mop,
           of_name(options->ocp));
    printf("  \"loss\": %.6f, \"hours\": %.10g, \"seed\": %" PRIu64 ",\n", options->loss / 1e6,
           seconds(options->duration) / 3600, options->seed);
    printf("  \"joined\": %u, \"join_median_s\": %.3f, \"join_p99_s\": %.3f,\n", result->joined,
           seconds(result->join_median), seconds(result->join_p99));
    printf("  \"messages_per_node_hour\": {\"dis\": %.4f, \"dio\": %.4f, \"dao\": %.4f, "
           "\"dao_ack\": %.4f},\n",
           (double)stats->dis / hours, (double)stats->dio / hours, (double)stats->dao / hours,
           (double)stats->dao_ack / hours);
    printf("  \"parent_changes_per_node_hour\": %.4f, \"detached\": %" PRIu64 ",\n",
           (double)stats->parent_changes / hours, stats->detached);
    flow_json("up", &result->up);
    flow_json("down", &result->down);
    printf("  \"hops_max\": %u, \"memory_per_node\": %.0f,\n", result->hops_max,
           (double)stats->memory_peak / options->nodes);
    printf("  \"digest\": \"%016" PRIx64 "\",\n", result->digest);
    printf("  \"rules_held\": %s, \"failure\": \"%s\"\n}\n", result->failed ? "false" : "true",
           result->failure);
}
