/* SPDX-License-Identifier: ISC */
#include "air.h"

#include <time.h>

#define LIMIT (256u << 20)
#define LINKTYPE_ETHERNET 1
#define SNAPLEN 65535

struct pcap_header {
    uint32_t magic;
    uint16_t major, minor;
    uint32_t zone, accuracy, snaplen, linktype;
};

struct pcap_record {
    uint32_t seconds, microseconds, captured, length;
};

int air_pcap_open(struct air_pcap *pcap, const char *path)
{
    const struct pcap_header header = {.magic = 0xa1b2c3d4,
                                       .major = 2,
                                       .minor = 4,
                                       .snaplen = SNAPLEN,
                                       .linktype = LINKTYPE_ETHERNET};

    pcap->file = fopen(path, "wbe");
    if (pcap->file == NULL || fwrite(&header, sizeof header, 1, pcap->file) != 1)
        return -1;
    pcap->bytes = sizeof header;
    return fflush(pcap->file) == 0 ? 0 : -1;
}

/* A disk that is full ends the capture, not the air. */
static void air_pcap_end(struct air_pcap *pcap, const char *why)
{
    fprintf(stderr, "air: the capture ends: %s\n", why);
    fclose(pcap->file);
    pcap->file = NULL;
}

void air_pcap_frame(struct air_pcap *pcap, const uint8_t *frame, size_t length)
{
    struct timespec now;
    struct pcap_record record = {.captured = (uint32_t)length, .length = (uint32_t)length};

    if (pcap->file == NULL)
        return;
    clock_gettime(CLOCK_REALTIME, &now);
    record.seconds = (uint32_t)now.tv_sec;
    record.microseconds = (uint32_t)(now.tv_nsec / 1000);
    pcap->bytes += sizeof record + length;
    if (pcap->bytes > LIMIT)
        air_pcap_end(pcap, "256 MiB are written");
    else if (fwrite(&record, sizeof record, 1, pcap->file) != 1 ||
             fwrite(frame, length, 1, pcap->file) != 1)
        air_pcap_end(pcap, "it cannot be written");
}

void air_pcap_flush(struct air_pcap *pcap)
{
    if (pcap->file != NULL && fflush(pcap->file) != 0)
        air_pcap_end(pcap, "it cannot be written");
}
