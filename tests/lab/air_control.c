/* SPDX-License-Identifier: ISC */
#include "air.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int air_control_address(const char *path, struct sockaddr_un *ret_address)
{
    size_t length = strlen(path);

    memset(ret_address, 0, sizeof *ret_address);
    ret_address->sun_family = AF_UNIX;
    if (length >= sizeof ret_address->sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(ret_address->sun_path, path, length);
    return 0;
}

int air_control_listen(struct air *air, const char *path)
{
    struct sockaddr_un address;

    for (int i = 0; i < AIR_CLIENTS_MAX; i++)
        air->client[i] = -1;
    if (air_control_address(path, &address) < 0)
        return -1;
    air->listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (air->listener < 0)
        return -1;
    if (bind(air->listener, (const struct sockaddr *)&address, sizeof address) < 0)
        return -1;
    return listen(air->listener, AIR_CLIENTS_MAX);
}

/* With all places taken the newcomer is turned away. */
void air_control_accept(struct air *air)
{
    int fd = accept4(air->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    if (fd < 0)
        return;
    for (int i = 0; i < AIR_CLIENTS_MAX; i++) {
        if (air->client[i] < 0) {
            air->client[i] = fd;
            return;
        }
    }
    close(fd);
}

struct air_text {
    char *at;
    size_t room;
};

static void __attribute__((format(printf, 2, 3)))
air_text_add(struct air_text *text, const char *format, ...)
{
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = vsnprintf(text->at, text->room, format, arguments);
    va_end(arguments);
    if (length < 0 || (size_t)length >= text->room)
        length = (int)text->room - 1;
    text->at += length;
    text->room -= (size_t)length;
}

static void air_show_stats(const struct air *air, struct air_text *text)
{
    air_text_add(text, "node unicast tries broadcast received lost unheard\n");
    for (int node = 1; node <= air->links.nodes; node++) {
        const struct air_count *count = &air->count[node];

        air_text_add(
            text, "%d %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "%s\n",
            node, count->unicast, count->tries, count->broadcast, count->received, count->lost,
            count->unheard, air->links.off[node] ? " off" : "");
    }
}

static void air_show_links(const struct air *air, struct air_text *text)
{
    for (int from = 1; from <= air->links.nodes; from++) {
        for (int to = 1; to <= air->links.nodes; to++) {
            const struct air_link *link = &air->links.link[from][to];

            if (link->exists)
                air_text_add(text, "%d %d %d%s\n", from, to, link->loss, link->cut ? " cut" : "");
        }
    }
}

#define WORDS_MAX 4

/* The commands that change a link or a node; numbers that are missing or malformed arrive as -1
 * and are refused by the table. */
static int air_command_change(struct air *air, const char *verb, const int number[WORDS_MAX])
{
    struct air_links *links = &air->links;

    if (strcmp(verb, "edge") == 0)
        return air_links_set(links, number[1], number[2], number[3]);
    if (strcmp(verb, "link") == 0) {
        if (air_links_set(links, number[1], number[2], number[3]) < 0)
            return -1;
        return air_links_set(links, number[2], number[1], number[3]);
    }
    if (strcmp(verb, "cut") == 0 || strcmp(verb, "restore") == 0)
        return air_links_cut(links, number[1], number[2], *verb == 'c');
    if (strcmp(verb, "kill") == 0 || strcmp(verb, "revive") == 0)
        return air_links_off(links, number[1], *verb == 'k');
    return -1;
}

static int air_number(const char *word)
{
    char *end;
    long value = strtol(word, &end, 10);

    if (end == word || (*end != '\0' && strcmp(end, "%") != 0) || value < 0 || value > 1000)
        return -1;
    return (int)value;
}

static void air_command(struct air *air, char *command, struct air_text *text)
{
    const char *verb = "";
    int number[WORDS_MAX] = {-1, -1, -1, -1};
    int words = 0;
    char *rest = NULL;

    for (char *word = strtok_r(command, " \n", &rest); word != NULL;
         word = strtok_r(NULL, " \n", &rest)) {
        if (words == 0)
            verb = word;
        else if (words < WORDS_MAX)
            number[words] = air_number(word);
        words++;
    }
    if (strcmp(verb, "stats") == 0 && words == 1) {
        air_text_add(text, "ok\n");
        air_show_stats(air, text);
    } else if (strcmp(verb, "links") == 0 && words == 1) {
        air_text_add(text, "ok\n");
        air_show_links(air, text);
    } else if (strcmp(verb, "quit") == 0 && words == 1) {
        air->quit = true;
        air_text_add(text, "ok\n");
    } else if (words <= WORDS_MAX && air_command_change(air, verb, number) == 0) {
        air_text_add(text, "ok\n");
    } else {
        air_text_add(text, "error not understood, or no such link or node: edge FROM TO LOSS | "
                           "link A B LOSS | cut A B | restore A B | kill N | revive N | links | "
                           "stats | quit\n");
    }
}

void air_control_serve(struct air *air, int client)
{
    char command[AIR_COMMAND_MAX + 1];
    struct air_text text = {air->reply, sizeof air->reply};
    ssize_t length = recv(air->client[client], command, AIR_COMMAND_MAX, MSG_DONTWAIT);

    if (length <= 0) {
        if (length < 0 && errno == EAGAIN)
            return;
        close(air->client[client]);
        air->client[client] = -1;
        return;
    }
    command[length] = '\0';
    air_command(air, command, &text);
    /* A client that does not read its answer loses it; we do not wait for anybody. */
    (void)!send(air->client[client], air->reply, (size_t)(text.at - air->reply),
                MSG_DONTWAIT | MSG_NOSIGNAL);
}

int air_control_ask(const char *path, const char *command)
{
    static char reply[AIR_REPLY_MAX + 1];
    struct sockaddr_un address;
    ssize_t length = -1;
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

    if (fd >= 0 && air_control_address(path, &address) == 0 &&
        connect(fd, (const struct sockaddr *)&address, sizeof address) == 0 &&
        send(fd, command, strlen(command), MSG_NOSIGNAL) >= 0)
        length = recv(fd, reply, AIR_REPLY_MAX, 0);
    if (length <= 0) {
        fprintf(stderr, "air: no answer on %s: %s\n", path, length < 0 ? strerror(errno) : "end");
        if (fd >= 0)
            close(fd);
        return 3;
    }
    close(fd);
    reply[length] = '\0';
    fputs(reply, stdout);
    return strncmp(reply, "ok\n", 3) == 0 ? 0 : 1;
}
