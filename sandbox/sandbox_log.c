/* SPDX-License-Identifier: ISC */
#include "sandbox/sandbox_log.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#define SANDBOX_LOG_SYSLOG "/dev/log"
#define SANDBOX_LOG_JOURNAL "/run/systemd/journal/socket"
#define SANDBOX_LOG_MAX 4096
#define SANDBOX_LOG_PREFIX "RPLD_"

static int sandbox_log_fd = -1;
static const char *sandbox_log_name = "";

void sandbox_log_open(const char *name)
{
    sandbox_log_name = name;
    if (sandbox_log_fd < 0)
        sandbox_log_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

bool sandbox_log_is_journal(void)
{
    const char *stream = getenv("JOURNAL_STREAM"); /* DEVICE:INODE */
    unsigned long long device, inode;
    struct stat st;

    return stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
           fstat(STDERR_FILENO, &st) == 0 && st.st_dev == device && st.st_ino == inode;
}

static bool sandbox_log_send(const char *path, const char *data, size_t len)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};

    snprintf(to.sun_path, sizeof(to.sun_path), "%s", path);
    return sandbox_log_fd >= 0 && sendto(sandbox_log_fd, data, len, MSG_NOSIGNAL,
                                         (const struct sockaddr *)&to, sizeof(to)) >= 0;
}

bool sandbox_log_syslog(int priority, const char *line)
{
    char text[SANDBOX_LOG_MAX], when[32] = "";
    time_t now = time(NULL);
    struct tm tm;

    if (localtime_r(&now, &tm))
        strftime(when, sizeof(when), "%b %e %T ", &tm);
    int n = snprintf(text, sizeof(text), "<%d>%s%s[%ld]: %s", LOG_DAEMON | priority, when,
                     sandbox_log_name, (long)getpid(), line);
    return n > 0 && (size_t)n < sizeof(text) &&
           sandbox_log_send(SANDBOX_LOG_SYSLOG, text, (size_t)n);
}

#define SANDBOX_LOG_KEY "abcdefghijklmnopqrstuvwxyz0123456789_-"

/* A quote within quotes is not followed by the next key. */
static bool sandbox_log_closes(const char *quote)
{
    size_t key = quote[1] == ' ' ? strspn(quote + 2, SANDBOX_LOG_KEY) : 0;

    return *quote == '"' && (quote[1] == '\0' || (key > 0 && quote[2 + key] == '='));
}

/* The end of the value at |text|, which may stand in quotes: *ret_from and *ret_len are what is
 * within. */
static const char *sandbox_log_value(const char *text, const char **ret_from, size_t *ret_len)
{
    bool quoted = *text == '"';
    const char *end;

    text += quoted;
    for (end = text; *end != '\0'; end++) {
        if (quoted ? sandbox_log_closes(end) : *end == ' ')
            break;
    }
    *ret_from = text;
    *ret_len = (size_t)(end - text);
    return end + (quoted && *end == '"');
}

size_t sandbox_log_fields(const char *values, char *out, size_t size)
{
    size_t used = 0;

    while (*values != '\0') {
        size_t key = strspn(values, SANDBOX_LOG_KEY), len;
        const char *value;

        if (key == 0 || values[key] != '=') {
            values += key + (values[key] != '\0');
            continue;
        }
        const char *end = sandbox_log_value(values + key + 1, &value, &len);
        size_t need = sizeof(SANDBOX_LOG_PREFIX) - 1 + key + 1 + len + 1;
        if (used + need > size)
            break;
        memcpy(out + used, SANDBOX_LOG_PREFIX, sizeof(SANDBOX_LOG_PREFIX) - 1);
        used += sizeof(SANDBOX_LOG_PREFIX) - 1;
        for (size_t i = 0; i < key; i++)
            out[used++] = values[i] == '-' ? '_' : (char)toupper((unsigned char)values[i]);
        out[used++] = '=';
        memcpy(out + used, value, len);
        used += len;
        out[used++] = '\n';
        values = end;
    }
    return used;
}

bool sandbox_log_journal(int priority, const char *line, const char *event, const char *values)
{
    char text[SANDBOX_LOG_MAX];
    int n = snprintf(text, sizeof(text),
                     "SYSLOG_IDENTIFIER=%s\nSYSLOG_FACILITY=%d\nPRIORITY=%d\nMESSAGE=%s\n"
                     "RPLD_EVENT=%s\n",
                     sandbox_log_name, LOG_DAEMON >> 3, priority, line, event);

    if (n < 0 || (size_t)n >= sizeof(text))
        return false;
    size_t len = (size_t)n;
    len += sandbox_log_fields(values, text + len, sizeof(text) - len);
    return sandbox_log_send(SANDBOX_LOG_JOURNAL, text, len);
}
