/* SPDX-License-Identifier: ISC */
/* The settings that say where nodes are. */
#include "bridge/bconf.h"

#include <stdlib.h>
#include <string.h>

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
