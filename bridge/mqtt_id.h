/* SPDX-License-Identifier: ISC */
/* Who we are to a broker when nobody says otherwise. */
#ifndef BRIDGE_MQTT_ID_H
#define BRIDGE_MQTT_ID_H

#include "bridge/brg.h"

#define BRG_MQTT_ID_TEXT 22

/* rpld- and the EUI-64 of this machine, the same whenever it is asked; a number by chance on a
 * machine without any address. */
void brg_mqtt_id_make(char id[BRG_MQTT_ID_TEXT], uint64_t *random);

#endif
