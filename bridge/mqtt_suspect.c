/* SPDX-License-Identifier: ISC */
/* Which message it is that a broker hangs up on; see struct brg_mqtt_suspect. */
#include "bridge/mqtt_internal.h"

#include <string.h>

#include "bridge/hash.h"
#include "bridge/log.h"

#define STRIKES 3
#define SOON_S 10.
#define TIMES_OF_A_READING 2 /* then it is not one value of the topic, but the topic */
#define CONDEMNED_S 86400.

static uint32_t topic_digest(const struct brg_message *message)
{
    uint32_t digest = brg_hash(BRG_HASH_START, message->topic, strlen(message->topic));

    return digest + (digest == 0);
}

static uint32_t value_digest(const struct brg_message *message)
{
    return brg_hash(topic_digest(message), message->payload, message->len);
}

void brg_mqtt_suspect_begin(struct brg_mqtt *mqtt, int last_mid)
{
    mqtt->suspect.last_mid = last_mid;
    mqtt->suspect.settled = false;
}

void brg_mqtt_on_subscribe(struct mosquitto *handle, void *ctx, int mid, int qos_count,
                           const int *granted_qos, const mosquitto_property *properties)
{
    struct brg_mqtt *mqtt = ctx;

    (void)handle;
    (void)qos_count;
    (void)granted_qos;
    (void)properties;
    mqtt->suspect.settled |= mid == mqtt->suspect.last_mid;
}

bool brg_mqtt_may_publish(struct brg_mqtt *mqtt)
{
    struct brg_mqtt_suspect *suspect = &mqtt->suspect;

    if (suspect->careful && ev_now(mqtt->loop) - mqtt->ready_at > SOON_S) {
        suspect->careful = false;
    }
    return !suspect->careful ||
           (suspect->settled && brg_outbox_stats(mqtt->outbox)->in_flight == 0);
}

/* A state is told again with each connection. What has no time is no reading, and is told again
 * when it has changed, too. */
bool brg_mqtt_is_condemned(const struct brg_mqtt *mqtt, const struct brg_message *message)
{
    uint32_t topic = mqtt->suspect.next == 0 ? 0 : topic_digest(message);

    for (size_t i = 0; topic != 0 && i < MQTT_CONDEMNED; i++) {
        if (mqtt->suspect.condemned[i].topic == topic &&
            mqtt->suspect.condemned[i].until > ev_now(mqtt->loop) &&
            message->len >= mqtt->suspect.condemned[i].len &&
            (message->at_s <= 0. || mqtt->suspect.condemned[i].times >= TIMES_OF_A_READING ||
             mqtt->suspect.condemned[i].value == value_digest(message))) {
            return true;
        }
    }
    return false;
}

static void condemn(struct brg_mqtt *mqtt, const struct brg_message *message)
{
    struct brg_mqtt_suspect *suspect = &mqtt->suspect;
    uint32_t topic = topic_digest(message);
    size_t at = suspect->next % MQTT_CONDEMNED;
    unsigned times = 1;

    for (size_t i = 0; i < MQTT_CONDEMNED; i++) {
        if (suspect->condemned[i].topic == topic &&
            suspect->condemned[i].until > ev_now(mqtt->loop)) {
            times += suspect->condemned[i].times;
            at = i;
        }
    }
    suspect->next += at == suspect->next % MQTT_CONDEMNED;
    suspect->condemned[at].topic = topic;
    suspect->condemned[at].value = value_digest(message);
    suspect->condemned[at].len = message->len;
    suspect->condemned[at].times = times;
    suspect->condemned[at].until = ev_now(mqtt->loop) + CONDEMNED_S;
}

static void give_up(struct brg_mqtt *mqtt, const struct brg_message *message)
{
    brg_log_error("broker: it hangs up on a message, which is given up topic=%s octets=%zu "
                  "mend=\"look at the broker's log, and at what it allows\"",
                  brg_log_word(message->topic), message->len);
    condemn(mqtt, message);
    brg_outbox_undeliverable(mqtt->outbox, message->mid, "the broker hangs up on it");
    mqtt->suspect.strikes = 0;
    mqtt->suspect.careful = false;
}

bool brg_mqtt_struck(struct brg_mqtt *mqtt, bool soon)
{
    struct brg_mqtt_suspect *suspect = &mqtt->suspect;
    const struct brg_message *message = brg_outbox_oldest(mqtt->outbox);
    bool was_careful = suspect->careful;
    uint32_t digest;

    suspect->careful = soon && (was_careful || message != NULL);
    if (!soon || !was_careful || !suspect->settled || message == NULL) {
        return false;
    }
    digest = value_digest(message);
    suspect->strikes = digest == suspect->digest ? suspect->strikes + 1 : 1;
    suspect->digest = digest;
    if (suspect->strikes == STRIKES) {
        give_up(mqtt, message);
    }
    return true;
}
