/* SPDX-License-Identifier: ISC */
/* The RPL Packet Information on its way: RFC 6550 section 11.2, RFC 6553. */
#include "rpl/data_packet.h"

void rpl_rpi_update(uint8_t *packet, const struct rpl_packet_info *info, uint8_t flags,
                    uint16_t sender_rank)
{
    const unsigned ours = RPL_RPI_O | RPL_RPI_R | RPL_RPI_F;
    uint8_t *data;

    if (info->rpi_option == 0)
        return;
    data = packet + info->rpi_option + 2;
    data[0] = (uint8_t)((data[0] & ~ours) | (flags & ours));
    rpl_data_put_u16(data + 2, sender_rank);
}

/* NOTE: the RFC has the DAGRank here, some stacks send the whole Rank. Where the two ranges
 * cannot meet (DPV-13) a value that is no DAGRank is read as a Rank. */
static uint16_t rpl_rpi_dag_rank(uint16_t sender_rank, uint16_t mhri)
{
    bool apart = (uint32_t)mhri * mhri > UINT16_MAX;

    return (uint16_t)(apart && sender_rank >= mhri ? sender_rank / mhri : sender_rank);
}

enum rpl_rpi_verdict rpl_rpi_check(const struct rpl_rpi *rpi, uint16_t own_dag_rank, uint16_t mhri)
{
    uint16_t sender = rpl_rpi_dag_rank(rpi->sender_rank, mhri);
    bool consistent;

    if (rpi->sender_rank == 0) /* not set by its source (DPV-04) */
        return RPL_RPI_FINE;
    /* NOTE: what a child returns with F keeps its O (section 11.2.2.3) and so comes down from
     * below; judged like the rest, the search for another way would end at the second child. */
    if ((rpi->flags & RPL_RPI_O) && (rpi->flags & RPL_RPI_F))
        consistent = true;
    else if (rpi->flags & RPL_RPI_O)
        consistent = sender <= own_dag_rank;
    else
        consistent = sender >= own_dag_rank;
    if (consistent)
        return RPL_RPI_FINE;
    return rpi->flags & RPL_RPI_R ? RPL_RPI_DROP : RPL_RPI_MARK;
}
