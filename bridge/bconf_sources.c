/* SPDX-License-Identifier: ISC */
/* The settings that say where others are: nodes, the directory, brokers. */
#include "bridge/bconf.h"

#include <stdlib.h>
#include <string.h>

#define MQTT_PORT 1883
#define MQTTS_PORT 8883
#define LOOKUP "rd-lookup/ep" /* RFC 9176 has no fixed path; this one is that of its examples */

bool bconf_directory_parse(const char *url, struct coap_addr *ret_addr,
                           char ret_uri[BCONF_TEXT_MAX])
{
    static const char scheme[] = "coap://[";
    const char *end;
    unsigned long port = 5683;
    const char *path;

    if (strncmp(url, scheme, sizeof(scheme) - 1) != 0) {
        return false;
    }
    url += sizeof(scheme) - 1;
    end = strchr(url, ']');
    *ret_addr = (struct coap_addr){.scope = 0};
    if (end == NULL || !brg_ip6_parse(url, (size_t)(end - url), ret_addr->ip)) {
        return false;
    }
    path = end + 1;
    if (*path == ':') {
        char *rest;

        port = strtoul(path + 1, &rest, 10);
        if (rest == path + 1 || port == 0 || port > 65535) {
            return false;
        }
        path = rest;
    }
    if (*path != '\0' && *path != '/') {
        return false;
    }
    path = *path == '/' && path[1] != '\0' ? path + 1 : LOOKUP;
    if (strlen(path) >= BCONF_TEXT_MAX) {
        return false;
    }
    ret_addr->port = (uint16_t)port;
    memcpy(ret_uri, path, strlen(path) + 1);
    return true;
}

bool bconf_node_parse(const char *text, struct brg_source *ret_source)
{
    size_t len = strcspn(text, " ");
    char eui64[32];

    if (len == 0 || len >= sizeof(eui64) || text[len] == '\0') {
        return false;
    }
    memcpy(eui64, text, len);
    eui64[len] = '\0';
    text += len + strspn(text + len, " ");
    return brg_eui64_parse(eui64, ret_source->eui64) == 0 &&
           brg_ip6_parse(text, strlen(text), ret_source->ip);
}

/* The host behind the scheme; what follows it, or NULL when it is not well formed. */
static const char *host_end(const char **host)
{
    const char *end;

    if (**host == '[') {
        end = strchr(++*host, ']');
        return end != NULL && (end[1] == ':' || end[1] == '\0') ? end : NULL;
    }
    return *host + strcspn(*host, ":");
}

static bool port_read(const char *text, uint16_t *ret_port)
{
    size_t digits = strspn(text, "0123456789");
    unsigned long number = strtoul(text, NULL, 10);

    *ret_port = (uint16_t)number;
    return digits > 0 && digits <= 5 && text[digits] == '\0' && number > 0 && number <= 65535;
}

bool bconf_broker_parse(const char *url, struct bconf_broker *ret_broker)
{
    bool tls = strncmp(url, "mqtts://", 8) == 0;
    const char *host = url + (tls ? 8 : 7);
    const char *port;
    const char *end;
    size_t len;

    if (strlen(url) >= sizeof(ret_broker->url) || (!tls && strncmp(url, "mqtt://", 7) != 0)) {
        return false;
    }
    end = host_end(&host);
    len = end == NULL ? 0 : (size_t)(end - host);
    if (len == 0 || strcspn(host, "/@ \t") < len) {
        return false;
    }
    port = end + (*end == ']');
    ret_broker->port = tls ? MQTTS_PORT : MQTT_PORT;
    if (*port == ':' && !port_read(port + 1, &ret_broker->port)) {
        return false;
    }
    memcpy(ret_broker->url, url, strlen(url) + 1);
    memcpy(ret_broker->host, host, len);
    ret_broker->host[len] = '\0';
    ret_broker->tls = tls;
    return true;
}
