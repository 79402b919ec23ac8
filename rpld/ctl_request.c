/* SPDX-License-Identifier: ISC */
#include "rpld/ctl_request.h"

#include <string.h>

static const char *const form_names[] = {
    [WRITER_TEXT] = "text", [WRITER_JSON] = "json", [WRITER_METRICS] = "metrics"};

/* A form's name is one only if a command follows: `metrics` alone is the command. */
static bool form_find(const char *word, enum writer_form *ret_form)
{
    for (unsigned i = 0; i < sizeof(form_names) / sizeof(form_names[0]); i++) {
        if (strcmp(word, form_names[i]) == 0) {
            *ret_form = (enum writer_form)i;
            return true;
        }
    }
    return false;
}

const char *ctl_request_parse(struct ctl_request *request, const char *line, size_t len)
{
    const char *word[CTL_ARGS_MAX + 2];
    unsigned words = 0;

    memset(request, 0, sizeof(*request));
    if (len > CTL_REQUEST_MAX)
        return "the request is too long";
    for (size_t i = 0; i < len; i++) {
        if (line[i] < 0x20 || line[i] > 0x7e)
            return "the request holds something that is not printable ASCII";
        request->line[i] = line[i];
        if (line[i] == ' ')
            request->line[i] = '\0';
        else if (i == 0 || line[i - 1] == ' ') {
            if (words == sizeof(word) / sizeof(word[0]))
                return "too many words";
            word[words++] = &request->line[i];
        }
    }
    unsigned first = words > 1 && form_find(word[0], &request->form) ? 1 : 0;
    if (words == 0)
        return "the request is empty";
    if (words - first - 1 > CTL_ARGS_MAX)
        return "too many words";
    request->command = word[first];
    for (unsigned i = first + 1; i < words; i++)
        request->argv[request->argc++] = word[i];
    return NULL;
}
