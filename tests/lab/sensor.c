/* SPDX-License-Identifier: ISC */
/*
 * Sensors people know, as CoAP servers (RFC 7252, observe 7641) for the demo and the lab:
 *
 *   door        /door (open or closed) and /door/event; changes by itself and on SIGUSR1
 *   thermostat  /temperature, which follows /setpoint (takes a PUT of 5 to 35)
 *   watermeter  /litres; sleeps, and hears and speaks only in a short window after it wakes
 *   greenhouse  /climate: temperature and humidity in one SenML pack
 *
 * Everything is observable and told in /.well-known/core. The values are made up but move as the
 * real ones do, once every interval.
 */
#include <coap3/coap.h>

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CT_TEXT 0
#define CT_SENML_JSON 110
#define SETPOINT_LOW 50 /* tenths of a degree */
#define SETPOINT_HIGH 350

struct value {
    const char *path, *type; /* the URI path; rt in the link format, quoted */
    uint16_t format;
    bool settable;
    char text[160];
    coap_resource_t *resource;
};

struct sensor {
    const char *name;
    void (*step)(struct sensor *sensor); /* the next interval has begun */
    bool sleepy;
    struct value value[2];
    long count;    /* intervals so far */
    long level;    /* tenths of a degree, or litres */
    long setpoint; /* tenths of a degree */
};

static struct {
    const char *address, *port;
    long interval_s; /* between two steps */
    long awake_s;    /* of it, for one that sleeps */
    struct sensor *sensor;
    volatile sig_atomic_t stop, poke;
} self = {.address = "::", .port = "5683", .interval_s = 5, .awake_s = 3};

static void on_signal(int number)
{
    if (number == SIGUSR1)
        self.poke = 1;
    else
        self.stop = 1;
}

/* --- values --- */

static void value_say(struct value *value, const char *text)
{
    snprintf(value->text, sizeof value->text, "%s", text);
    printf("%s %s\n", value->path, value->text);
    if (value->resource != NULL)
        coap_resource_notify_observers(value->resource, NULL);
}

static void value_say_tenths(struct value *value, long tenths)
{
    char text[32];

    snprintf(text, sizeof text, "%ld.%ld", tenths / 10, tenths % 10);
    value_say(value, text);
}

static void door_step(struct sensor *door)
{
    bool open = ++door->count % 2 == 0;

    value_say(&door->value[0], open ? "open" : "closed");
    value_say(&door->value[1], open ? "opened" : "shut");
}

static void thermostat_step(struct sensor *thermostat)
{
    long gap = thermostat->setpoint - thermostat->level;
    long drift = ++thermostat->count % 3 - 1;

    thermostat->level += (gap > 0) - (gap < 0) + gap / 4 + (labs(gap) <= 2 ? drift : 0);
    value_say_tenths(&thermostat->value[0], thermostat->level);
}

static void watermeter_step(struct sensor *meter)
{
    char text[32];

    meter->level += 1 + meter->count++ % 4;
    snprintf(text, sizeof text, "%ld", meter->level);
    value_say(&meter->value[0], text);
}

static void greenhouse_step(struct sensor *greenhouse)
{
    long day = greenhouse->count++ % 20;
    long temperature = 240 + (day < 10 ? day : 20 - day) * 3;
    long humidity = 700 - (temperature - 240) * 4;
    char text[160];

    snprintf(text, sizeof text,
             "[{\"n\":\"temperature\",\"u\":\"Cel\",\"v\":%ld.%ld},"
             "{\"n\":\"humidity\",\"u\":\"%%RH\",\"v\":%ld.%ld}]",
             temperature / 10, temperature % 10, humidity / 10, humidity % 10);
    value_say(&greenhouse->value[0], text);
}

static struct sensor sensors[] = {
    {.name = "door",
     .step = door_step,
     .value = {{.path = "door", .type = "\"door\"", .format = CT_TEXT},
               {.path = "door/event", .type = "\"event\"", .format = CT_TEXT}}},
    {.name = "thermostat",
     .step = thermostat_step,
     .level = 180,
     .setpoint = 210,
     .value = {{.path = "temperature", .type = "\"temperature\"", .format = CT_TEXT},
               {.path = "setpoint",
                .type = "\"temperature.setpoint\"",
                .format = CT_TEXT,
                .settable = true,
                .text = "21.0"}}},
    {.name = "watermeter",
     .step = watermeter_step,
     .sleepy = true,
     .level = 48210,
     .value = {{.path = "litres", .type = "\"water.meter\"", .format = CT_TEXT}}},
    {.name = "greenhouse",
     .step = greenhouse_step,
     .value = {{.path = "climate", .type = "\"climate\"", .format = CT_SENML_JSON}}},
};

/* --- CoAP --- */

static void on_get(coap_resource_t *resource, coap_session_t *session, const coap_pdu_t *request,
                   const coap_string_t *query, coap_pdu_t *response)
{
    const struct value *value = coap_resource_get_userdata(resource);

    coap_pdu_set_code(response, COAP_RESPONSE_CODE_CONTENT);
    coap_add_data_large_response(resource, session, request, response, query, value->format,
                                 (int)(2 * self.interval_s), 0, strlen(value->text),
                                 (const uint8_t *)value->text, NULL, NULL);
}

/* Plain text, a number of degrees with at most one decimal. */
static bool setpoint_parse(const uint8_t *data, size_t length, long *ret_tenths)
{
    char text[16];
    char *end;
    double degrees;

    if (length == 0 || length >= sizeof text)
        return false;
    memcpy(text, data, length);
    text[length] = '\0';
    degrees = strtod(text, &end);
    if (end == text || *end != '\0' || !(degrees >= SETPOINT_LOW / 10.0) ||
        !(degrees <= SETPOINT_HIGH / 10.0))
        return false;
    *ret_tenths = (long)(degrees * 10 + 0.5);
    return true;
}

static void on_put(coap_resource_t *resource, coap_session_t *session, const coap_pdu_t *request,
                   const coap_string_t *query, coap_pdu_t *response)
{
    struct value *value = coap_resource_get_userdata(resource);
    const uint8_t *data = NULL;
    size_t length = 0;
    long tenths = 0;

    (void)session;
    (void)query;
    if (!coap_get_data(request, &length, &data) || !setpoint_parse(data, length, &tenths)) {
        coap_pdu_set_code(response, COAP_RESPONSE_CODE_BAD_REQUEST);
        return;
    }
    self.sensor->setpoint = tenths;
    value_say_tenths(value, tenths);
    coap_pdu_set_code(response, COAP_RESPONSE_CODE_CHANGED);
}

static void attribute(coap_resource_t *resource, const char *name, const char *text)
{
    coap_add_attr(resource, coap_make_str_const(name), coap_make_str_const(text), 0);
}

static void value_offer(coap_context_t *context, struct value *value)
{
    coap_resource_t *resource =
        coap_resource_init(coap_make_str_const(value->path), COAP_RESOURCE_FLAGS_NOTIFY_CON);

    attribute(resource, "rt", value->type);
    attribute(resource, "ct", value->format == CT_SENML_JSON ? "110" : "0");
    coap_resource_set_get_observable(resource, 1);
    coap_resource_set_userdata(resource, value);
    coap_register_handler(resource, COAP_REQUEST_GET, on_get);
    if (value->settable)
        coap_register_handler(resource, COAP_REQUEST_PUT, on_put);
    coap_add_resource(context, resource);
    value->resource = resource;
}

static coap_context_t *serve(void)
{
    coap_address_t address;
    struct in6_addr in6;
    coap_context_t *context;
    unsigned long port = strtoul(self.port, NULL, 10);

    if (inet_pton(AF_INET6, self.address, &in6) != 1 || port == 0 || port > UINT16_MAX) {
        fprintf(stderr, "sensor: %s port %s is no IPv6 address and port\n", self.address,
                self.port);
        return NULL;
    }
    coap_address_init(&address);
    address.size = sizeof address.addr.sin6;
    address.addr.sin6.sin6_family = AF_INET6;
    address.addr.sin6.sin6_addr = in6;
    address.addr.sin6.sin6_port = htons((uint16_t)port);
    context = coap_new_context(NULL);
    if (context == NULL || coap_new_endpoint(context, &address, COAP_PROTO_UDP) == NULL) {
        fprintf(stderr, "sensor: cannot listen on %s port %s\n", self.address, self.port);
        coap_free_context(context);
        return NULL;
    }
    coap_context_set_block_mode(context, COAP_BLOCK_USE_LIBCOAP);
    for (size_t i = 0; i < 2; i++) {
        if (self.sensor->value[i].path != NULL)
            value_offer(context, &self.sensor->value[i]);
    }
    return context;
}

/* --- sleep --- */

/* The library does not tell its socket: it is the one that is bound to our port. */
static int socket_find(void)
{
    for (int fd = 3; fd < 64; fd++) {
        struct sockaddr_in6 name = {0};
        socklen_t length = sizeof name;

        if (getsockname(fd, (struct sockaddr *)&name, &length) == 0 &&
            name.sin6_family == AF_INET6 && ntohs(name.sin6_port) == strtoul(self.port, NULL, 10))
            return fd;
    }
    return -1;
}

/* A radio that is off hears nothing: with a filter that refuses every datagram they are neither
 * queued for later nor answered with an ICMP error. */
static void radio(int fd, bool on)
{
    struct sock_filter refuse = BPF_STMT(BPF_RET | BPF_K, 0);
    const struct sock_fprog program = {.len = 1, .filter = &refuse};
    int result;

    if (on)
        result = setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &(int){0}, sizeof(int));
    else
        result = setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
    if (result < 0)
        fprintf(stderr, "sensor: cannot switch the radio: %s\n", strerror(errno));
    else
        puts(on ? "awake" : "asleep");
}

/* --- life --- */

static long now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Waits for a datagram, a signal, or the time; while the radio is off only for the latter two. */
static void await(int fd, bool deaf, long until_ms, const sigset_t *waiting)
{
    struct pollfd poll = {.fd = deaf ? -1 : fd, .events = POLLIN};
    long left = until_ms - now_ms();
    struct timespec timeout = {0};

    if (left > 0)
        timeout = (struct timespec){left / 1000, left % 1000 * 1000000};
    (void)ppoll(&poll, 1, &timeout, waiting);
}

static void live(coap_context_t *context, const sigset_t *waiting)
{
    struct sensor *sensor = self.sensor;
    const int fd = coap_context_get_coap_fd(context);
    const int socket = socket_find();
    long next_step = now_ms();
    long sleep_at = next_step;
    bool asleep = false;

    while (!self.stop) {
        long now = now_ms();

        if (now >= next_step || self.poke) {
            self.poke = 0;
            next_step = now + self.interval_s * 1000;
            sleep_at = now + self.awake_s * 1000;
            if (asleep)
                radio(socket, true);
            asleep = false;
            sensor->step(sensor);
        }
        if (sensor->sleepy && !asleep && now >= sleep_at) {
            radio(socket, false);
            asleep = true;
        }
        if (!asleep)
            coap_io_process(context, COAP_IO_NO_WAIT);
        fflush(stdout);
        await(fd, asleep, sensor->sleepy && !asleep ? sleep_at : next_step, waiting);
    }
}

static void signals_start(sigset_t *ret_waiting)
{
    const struct sigaction action = {.sa_handler = on_signal};
    const int numbers[] = {SIGINT, SIGTERM, SIGUSR1};
    sigset_t ours;

    sigemptyset(&ours);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        sigaddset(&ours, numbers[i]);
        sigaction(numbers[i], &action, NULL);
    }
    sigprocmask(SIG_BLOCK, &ours, ret_waiting);
}

static const char USAGE[] =
    "usage: sensor [-A address] [-p port] [-i seconds] [-w seconds] KIND\n"
    "\n"
    "KIND is door, thermostat, watermeter or greenhouse; -i is how often its value moves (5), -w\n"
    "how long of it the water meter is awake (3). SIGUSR1 moves the value at once.\n";

static long option_seconds(const char *text)
{
    char *end;
    long seconds = strtol(text, &end, 10);

    if (end == text || *end != '\0' || seconds < 1 || seconds > 86400) {
        fprintf(stderr, "sensor: %s is no number of seconds, 1 to 86400\n", text);
        exit(2);
    }
    return seconds;
}

static void options_read(int argc, char **argv)
{
    int option;

    while ((option = getopt(argc, argv, "A:p:i:w:h")) != -1) {
        if (option == 'A') {
            self.address = optarg;
        } else if (option == 'p') {
            self.port = optarg;
        } else if (option == 'i') {
            self.interval_s = option_seconds(optarg);
        } else if (option == 'w') {
            self.awake_s = option_seconds(optarg);
        } else {
            fputs(USAGE, option == 'h' ? stdout : stderr);
            exit(option == 'h' ? 0 : 2);
        }
    }
    for (size_t i = 0; optind == argc - 1 && i < sizeof sensors / sizeof *sensors; i++) {
        if (strcmp(argv[optind], sensors[i].name) == 0)
            self.sensor = &sensors[i];
    }
    if (self.sensor == NULL) {
        fputs(USAGE, stderr);
        exit(2);
    }
}

int main(int argc, char **argv)
{
    sigset_t waiting;
    coap_context_t *context;

    options_read(argc, argv);
    signals_start(&waiting);
    coap_startup();
    context = serve();
    if (context == NULL)
        return 1;
    live(context, &waiting);
    coap_free_context(context);
    coap_cleanup();
    return 0;
}
