/* SPDX-License-Identifier: ISC */
#include "bridge/mqtt_id.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SYSTEM_NET "/sys/class/net"

/* The hardware address of an interface: 6 or 8 octets, or none (0). */
static size_t hardware_address(const char *interface, uint8_t address[8])
{
    char path[300];
    unsigned octet;
    size_t n = 0;
    FILE *file;

    (void)snprintf(path, sizeof(path), SYSTEM_NET "/%s/address", interface);
    file = fopen(path, "re");
    if (file == NULL) {
        return 0;
    }
    while (n < 8 && fscanf(file, n == 0 ? "%2x" : ":%2x", &octet) == 1) {
        address[n++] = (uint8_t)octet;
    }
    (void)fclose(file);
    return n == 6 || n == 8 ? n : 0;
}

/* The EUI-64 of this machine: that of its radio, else one made of an Ethernet address; of several
 * the one of the interface whose name comes first. */
static bool machine_eui64(uint8_t eui64[8])
{
    static const uint8_t none[8];
    struct dirent **names = NULL;
    int n = scandir(SYSTEM_NET, &names, NULL, alphasort);
    size_t best = 0;

    for (int i = 0; i < n; i++) {
        uint8_t address[8] = {0};
        size_t len = hardware_address(names[i]->d_name, address);

        if (len > best && memcmp(address, none, len) != 0) {
            best = len;
            memcpy(eui64, address, sizeof(address));
        }
        free(names[i]);
    }
    free(names);
    if (best == 6) {
        memmove(eui64 + 5, eui64 + 3, 3);
        eui64[0] ^= 2;
        eui64[3] = 0xff;
        eui64[4] = 0xfe;
    }
    return best != 0;
}

void brg_mqtt_id_make(char id[BRG_MQTT_ID_TEXT], uint64_t *random)
{
    uint64_t number = 0;
    uint8_t eui64[8];

    if (machine_eui64(eui64)) {
        for (size_t i = 0; i < sizeof(eui64); i++) {
            number = number << 8 | eui64[i];
        }
    } else {
        number = brg_random(random);
    }
    /* 21 characters: MQTT 3.1.1 promises 23. */
    (void)snprintf(id, BRG_MQTT_ID_TEXT, "rpld-%016llx", (unsigned long long)number);
}
