/*
 * The load generator of `npm run bench`: WebSocket clients in one thread, on epoll, for loopback.
 *
 *   load echo       every connection keeps --in-flight messages on their way and compares each answer
 *   load broadcast  the first --in-flight connections send; every connection expects every message, each sender's in order
 *   load hold       every connection echoes one message, then says {"open":N} and waits until stdin closes
 *   load upload     one connection sends one message of --size bytes in one frame; the answer is that number
 *
 * A payload begins with a stamp (8 hex digits of the connection, 8 of the message), so an answer that is changed, lost,
 * doubled or given to somebody else is an error. The result is one line of JSON; the exit code is 1 after an error.
 *
 * Compressed messages are made and checked by the caller: --messages names a file of deflated payloads, --answers one
 * that takes what the first connection receives; both hold a 32-bit length (of this machine's byte order) before each.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { CONTINUATION = 0, TEXT = 1, BINARY = 2, CLOSE = 8, PING = 9, PONG = 10 };
enum { FIN = 0x80, RSV1 = 0x40 };
enum { STAMP = 16, LARGEST_FRAME = 1 << 20, READ_SIZE = 1 << 18, HANDSHAKES_AT_ONCE = 50, MOST_SENDERS = 16 };
enum { ANSWERS_KEPT = 2000 };
/* RFC 6455 1.3: the nonce of the example, so its answer is known. */
static const char KEY[] = "dGhlIHNhbXBsZSBub25jZQ==", ACCEPT[] = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
static const uint8_t MASK[4] = {0x37, 0xfa, 0x21, 0x3d};

struct bytes {
    uint8_t *data;
    size_t length, room;
};

struct connection {
    int fd;
    uint32_t id;
    enum { UNUSED, CONNECTING, UPGRADING, GREETING, OPEN, GONE } state;
    int waits_for_room;         /* epoll watches EPOLLOUT too */
    struct bytes in;            /* the beginning of a frame */
    struct bytes message;       /* the frames of a fragmented message */
    struct bytes out;           /* what the kernel has not taken */
    int opcode, compressed;     /* of the message that is arriving; opcode 0 between messages */
    int announced;              /* the text before a binary message has arrived */
    uint32_t sent, received;    /* messages */
    uint32_t heard[MOST_SENDERS]; /* broadcast: messages of each sender */
};

static struct {
    const char *mode, *path, *before, *after, *announce, *messages, *answers;
    int port, connections, in_flight, binary, socketio, pid;
    uint64_t size;
    double warm_up, seconds;
} options = {.path = "/", .before = "", .after = "", .connections = 1, .in_flight = 1, .size = 64, .warm_up = 1, .seconds = 2};

static struct connection *connections;
static int epoll_fd, opened, running;
static uint64_t messages, errors;
static char first_error[200];
static uint8_t *template; /* a message: before, payload, after */
static size_t template_length, stamp_at;
static struct bytes *pool; /* compressed messages */
static uint32_t pool_size, answers_kept;
static FILE *answers_file;
static int missing[MOST_SENDERS]; /* broadcast: deliveries of the sender's message that are still to come */

static void fail(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fputs("load: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    exit(2);
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static int is_mode(const char *mode) { return !strcmp(options.mode, mode); }

static void complain(struct connection *c, const char *what) {
    if (errors++ == 0) snprintf(first_error, sizeof first_error, "connection %u: %s", c->id, what);
}

static void lose(struct connection *c, const char *why) {
    if (c->state == GONE) return;
    complain(c, why);
    if (c->state == OPEN) opened--;
    c->state = GONE;
    close(c->fd);
}

/* Makes room for so many bytes at the end. */
static uint8_t *extend(struct bytes *b, size_t count) {
    if (b->length + count > b->room) {
        b->room = (b->length + count) * 2;
        b->data = realloc(b->data, b->room);
        if (!b->data) fail("out of memory");
    }
    b->length += count;
    return b->data + b->length - count;
}

static void append(struct bytes *b, const void *data, size_t count) {
    if (count > 0) memcpy(extend(b, count), data, count);
}

static void release(struct bytes *b) {
    free(b->data);
    *b = (struct bytes){0};
}

/* ---- sending ---- */

static void watch(struct connection *c, int operation, uint32_t events) {
    struct epoll_event event = {.events = events, .data.u32 = c->id};
    if (epoll_ctl(epoll_fd, operation, c->fd, &event)) fail("epoll: %s", strerror(errno));
}

static void flush(struct connection *c) {
    size_t done = 0;
    while (done < c->out.length) {
        ssize_t count = send(c->fd, c->out.data + done, c->out.length - done, MSG_NOSIGNAL);
        if (count < 0 && errno != EAGAIN) return lose(c, strerror(errno));
        if (count < 0) break;
        done += (size_t)count;
    }
    memmove(c->out.data, c->out.data + done, c->out.length - done);
    c->out.length -= done;
    int waits = c->out.length > 0;
    if (waits != c->waits_for_room) watch(c, EPOLL_CTL_MOD, waits ? EPOLLIN | EPOLLOUT : EPOLLIN);
    c->waits_for_room = waits;
    /* An idle connection is to cost this process little: thousands of them are held. */
    if (!waits && c->out.room > 65536) release(&c->out);
}

static void put_header(struct connection *c, int first, uint64_t length) {
    uint8_t header[14] = {(uint8_t)first};
    int at = 2;
    if (length < 126) {
        header[1] = (uint8_t)(0x80 | length);
    } else {
        int width = length < 65536 ? 2 : 8;
        header[1] = width == 2 ? 0x80 | 126 : 0x80 | 127;
        for (int i = width - 1; i >= 0; i--) header[at++] = (uint8_t)(length >> (8 * i));
    }
    memcpy(header + at, MASK, 4);
    append(&c->out, header, (size_t)at + 4);
}

static void put_frame(struct connection *c, int first, const void *data, size_t length) {
    put_header(c, first, length);
    uint8_t *payload = extend(&c->out, length);
    const uint8_t *source = data;
    for (size_t i = 0; i < length; i++) payload[i] = source[i] ^ MASK[i & 3];
}

static void stamp(uint32_t sender, uint32_t number) {
    for (int i = 0; i < 8; i++) {
        template[stamp_at + (size_t)i] = (uint8_t)"0123456789abcdef"[sender >> (28 - 4 * i) & 15];
        template[stamp_at + 8 + (size_t)i] = (uint8_t)"0123456789abcdef"[number >> (28 - 4 * i) & 15];
    }
}

/* Connections begin at different places of the pool. The caller knows this rule for connection 0. */
static const struct bytes *pooled(const struct connection *c, uint32_t number) {
    return &pool[(c->id * 7 + number) % pool_size];
}

static void put_message(struct connection *c) {
    if (pool) {
        const struct bytes *payload = pooled(c, c->sent);
        put_frame(c, FIN | RSV1 | TEXT, payload->data, payload->length);
    } else {
        if (options.announce) put_frame(c, FIN | TEXT, options.announce, strlen(options.announce));
        stamp(c->id, c->sent);
        put_frame(c, FIN | (options.binary ? BINARY : TEXT), template, template_length);
    }
    c->sent++;
}

static void broadcast_from(struct connection *c) {
    missing[c->id] = options.connections;
    put_message(c);
    flush(c);
}

/* ---- receiving ---- */

static int equals(const uint8_t *data, size_t length, const char *text) {
    return length == strlen(text) && !memcmp(data, text, length);
}

static void keep_answer(const uint8_t *data, size_t length) {
    uint32_t header = (uint32_t)length;
    if (!answers_file || answers_kept++ >= ANSWERS_KEPT) return;
    fwrite(&header, sizeof header, 1, answers_file);
    fwrite(data, 1, length, answers_file);
}

static void take_echo(struct connection *c, int opcode, int compressed, const uint8_t *data, size_t length) {
    if (pool) {
        if (opcode != TEXT || !compressed) return complain(c, "the answer is not a compressed text");
        if (c->id == 0) keep_answer(data, length);
    } else {
        if (options.announce && !c->announced) {
            c->announced = 1;
            if (opcode != TEXT || !equals(data, length, options.announce)) complain(c, "not the announcement of an answer");
            return;
        }
        c->announced = 0;
        stamp(c->id, c->received);
        if (opcode != (options.binary ? BINARY : TEXT) || length != template_length || memcmp(data, template, length))
            complain(c, "the answer is not what was sent");
    }
    c->received++;
    messages++;
    if (running) put_message(c);
}

static void take_broadcast(struct connection *c, int opcode, const uint8_t *data, size_t length) {
    char digits[9] = "";
    if (opcode != TEXT || length != template_length) return complain(c, "not a message of the broadcast");
    memcpy(digits, data + stamp_at, 8);
    unsigned long sender = strtoul(digits, NULL, 16);
    if (sender >= (unsigned long)options.in_flight) return complain(c, "a message of nobody");
    stamp((uint32_t)sender, c->heard[sender]);
    if (memcmp(data, template, length)) return complain(c, "not the next message of its sender");
    c->heard[sender]++;
    messages++;
    if (--missing[sender] == 0 && running) broadcast_from(&connections[sender]);
}

static void take_message(struct connection *c, int opcode, int compressed, const uint8_t *data, size_t length) {
    /* Engine.IO 4: 0 open, 2 ping, 3 pong; Socket.IO 5: 40 connect. */
    if (c->state == GREETING) {
        if (length > 0 && data[0] == '0') return put_frame(c, FIN | TEXT, "40", 2);
        if (length < 2 || memcmp(data, "40", 2)) return lose(c, "Socket.IO did not open");
        c->state = OPEN;
        opened++;
    } else if (options.socketio && equals(data, length, "2")) {
        put_frame(c, FIN | TEXT, "3", 1);
    } else if (is_mode("broadcast")) {
        take_broadcast(c, opcode, data, length);
    } else if (is_mode("upload")) {
        char expected[32];
        snprintf(expected, sizeof expected, "%llu", (unsigned long long)options.size);
        if (!equals(data, length, expected)) complain(c, "the upload did not arrive whole");
        c->received++;
    } else {
        take_echo(c, opcode, compressed, data, length);
    }
}

static void take_frame(struct connection *c, const uint8_t *frame, const uint8_t *data, size_t length) {
    int opcode = frame[0] & 15;
    if (opcode == PING) return put_frame(c, FIN | PONG, data, length);
    if (opcode == PONG) return;
    if (opcode == CLOSE) return lose(c, "the server has closed the connection");
    if ((opcode == CONTINUATION) != (c->opcode != 0)) return lose(c, "a fragment out of order");
    if (opcode != CONTINUATION) {
        c->opcode = opcode;
        c->compressed = (frame[0] & RSV1) != 0;
    }
    int last = (frame[0] & FIN) != 0, whole = last && opcode != CONTINUATION;
    if (!whole) append(&c->message, data, length);
    if (!last) return;
    opcode = c->opcode;
    c->opcode = 0;
    if (whole) take_message(c, opcode, c->compressed, data, length);
    else take_message(c, opcode, c->compressed, c->message.data, c->message.length);
    c->message.length = 0;
}

/* Takes the frames that are complete, and tells how many bytes they were. */
static size_t take_frames(struct connection *c, const uint8_t *data, size_t length) {
    size_t at = 0;
    while (c->state == OPEN || c->state == GREETING) {
        const uint8_t *frame = data + at;
        size_t rest = length - at, header = 2, payload;
        if (rest < 2) break;
        payload = frame[1] & 127;
        if (frame[1] & 0x80) return lose(c, "a masked frame"), length;
        if (payload >= 126) {
            header = payload == 126 ? 4 : 10;
            if (rest < header) break;
            payload = 0;
            for (size_t i = 2; i < header; i++) payload = payload << 8 | frame[i];
        }
        if (payload > LARGEST_FRAME) return lose(c, "a frame that is too large"), length;
        if (rest < header + payload) break;
        take_frame(c, frame, frame + header, payload);
        at += header + payload;
    }
    return at;
}

/* ---- connecting ---- */

static void start_connection(struct connection *c) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)options.port)};
    int one = 1;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (c->fd < 0) fail("socket: %s", strerror(errno));
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    c->state = CONNECTING;
    watch(c, EPOLL_CTL_ADD, EPOLLOUT);
    if (connect(c->fd, (struct sockaddr *)&address, sizeof address) && errno != EINPROGRESS) lose(c, strerror(errno));
}

static void request_upgrade(struct connection *c) {
    char request[1024];
    int length = snprintf(request, sizeof request,
                          "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                          "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\n%s\r\n",
                          options.path, options.port, KEY,
                          pool ? "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n" : "");
    c->state = UPGRADING;
    c->waits_for_room = 1;
    append(&c->out, request, (size_t)length);
    flush(c);
}

/* Tells how many bytes the response was; 0 while it is not complete. */
static size_t take_response(struct connection *c, const uint8_t *data, size_t length) {
    static const char END[] = "\r\n\r\n";
    const uint8_t *end = memmem(data, length, END, 4);
    if (!end) return length > 8192 ? lose(c, "an endless response"), length : 0;
    char *response = strndup((const char *)data, (size_t)(end - data));
    int deflates = strcasestr(response, "\r\nsec-websocket-extensions: permessage-deflate") != NULL;
    if (strncmp(response, "HTTP/1.1 101", 12) || !strstr(response, ACCEPT)) {
        response[strcspn(response, "\r")] = 0;
        lose(c, response);
    } else if (deflates != (pool != NULL)) {
        lose(c, pool ? "permessage-deflate was declined" : "an extension that was not offered");
    } else {
        c->state = options.socketio ? GREETING : OPEN;
        if (c->state == OPEN) opened++;
    }
    free(response);
    return (size_t)(end - data) + 4;
}

static void receive(struct connection *c) {
    static uint8_t buffer[READ_SIZE];
    ssize_t count = recv(c->fd, buffer, sizeof buffer, 0);
    if (count < 0 && errno == EAGAIN) return;
    if (count <= 0) return lose(c, count ? strerror(errno) : "the server has ended the connection");
    int begun = c->in.length > 0;
    if (begun) append(&c->in, buffer, (size_t)count);
    const uint8_t *data = begun ? c->in.data : buffer;
    size_t length = begun ? c->in.length : (size_t)count, used = 0;
    if (c->state == UPGRADING) used = take_response(c, data, length);
    if (c->state != UPGRADING && c->state != GONE) used += take_frames(c, data + used, length - used);
    if (c->state == GONE) return release(&c->in);
    if (begun) memmove(c->in.data, c->in.data + used, length - used), c->in.length = length - used;
    else append(&c->in, data + used, length - used);
    if (c->in.length == 0 && c->in.room > 0) release(&c->in);
    if (c->out.length > 0) flush(c);
}

static void turn(int timeout_ms) {
    struct epoll_event events[256];
    int count = epoll_wait(epoll_fd, events, 256, timeout_ms);
    for (int i = 0; i < count; i++) {
        struct connection *c = &connections[events[i].data.u32];
        if (c->state == CONNECTING) request_upgrade(c);
        else if (c->state != GONE && events[i].events & EPOLLOUT) flush(c);
        if (c->state != GONE && events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) receive(c);
    }
}

static void turn_until(double end) {
    while (now() < end && !errors) turn(10);
}

static void open_all(void) {
    int started = 0;
    double limit = now() + 30 + options.connections / 250.0;
    while (opened < options.connections && !errors) {
        while (started < options.connections && started - opened < HANDSHAKES_AT_ONCE) start_connection(&connections[started++]);
        turn(10);
        if (now() > limit) fail("%d of %d connections opened", opened, options.connections);
    }
}

/* ---- running ---- */

/* User and system CPU seconds of the server, in steps of a clock tick (10 ms on most machines). */
static double server_cpu(void) {
    char path[64], text[1024];
    unsigned long user = 0, system = 0;
    snprintf(path, sizeof path, "/proc/%d/stat", options.pid);
    FILE *file = fopen(path, "r");
    if (!file) fail("%s: %s", path, strerror(errno));
    size_t length = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[length] = 0;
    /* The name, in parentheses, may hold anything; 14 utime and 15 stime are counted from behind it. */
    const char *rest = strrchr(text, ')');
    if (!rest || sscanf(rest + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system) != 2)
        fail("%s cannot be read", path);
    return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

static int outstanding(void) {
    int count = 0;
    for (int i = 0; i < (is_mode("broadcast") ? options.in_flight : 0); i++) count += missing[i];
    for (int i = 0; i < (is_mode("broadcast") ? 0 : options.connections); i++)
        count += (int)(connections[i].sent - connections[i].received);
    return count;
}

/* What has been sent must be answered within 5 seconds, or it counts as an error. */
static void settle(void) {
    running = 0;
    for (double end = now() + 5; outstanding() > 0 && now() < end && !errors;) turn(10);
    if (outstanding() > 0 && !errors) {
        snprintf(first_error, sizeof first_error, "%d answers did not come", outstanding());
        errors++;
    }
}

static void send_first(int in_flight) {
    for (int i = 0; i < options.connections; i++) {
        for (int k = 0; k < in_flight; k++) put_message(&connections[i]);
        flush(&connections[i]);
    }
}

static int report(double seconds, double cpu) {
    printf("{\"messages\":%llu,\"seconds\":%.6f,\"serverCpuSeconds\":%.3f,\"errors\":%llu,\"firstError\":\"",
           (unsigned long long)messages, seconds, cpu, (unsigned long long)errors);
    for (const char *p = first_error; *p; p++)
        if ((unsigned char)*p >= ' ' && *p != '"' && *p != '\\') putchar(*p);
    puts("\"}");
    return errors > 0;
}

static int measure(void) {
    running = 1;
    if (is_mode("broadcast")) for (int i = 0; i < options.in_flight; i++) broadcast_from(&connections[i]);
    else send_first(options.in_flight);
    turn_until(now() + options.warm_up);
    messages = 0;
    double cpu = server_cpu(), start = now();
    turn_until(start + options.seconds);
    double seconds = now() - start;
    cpu = server_cpu() - cpu;
    uint64_t measured = messages;
    settle();
    messages = measured;
    return report(seconds, cpu);
}

static int hold(void) {
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    char byte;
    send_first(1);
    settle();
    if (errors) return report(0, 0);
    printf("{\"open\":%d}\n", opened);
    fflush(stdout);
    while (!(poll(&input, 1, 0) > 0 && read(STDIN_FILENO, &byte, 1) <= 0)) turn(50);
    return errors > 0;
}

static int upload(void) {
    struct connection *c = &connections[0];
    static uint8_t block[65536];
    double start = now();
    put_header(c, FIN | BINARY, options.size);
    for (size_t i = 0; i < sizeof block; i++) block[i] = (uint8_t)(i * 31) ^ MASK[i & 3];
    for (uint64_t left = options.size; left > 0 && !errors;) {
        size_t count = left < sizeof block ? left : sizeof block;
        append(&c->out, block, count);
        left -= count;
        flush(c);
        while (c->out.length > 0 && !errors) turn(10);
    }
    c->sent = 1;
    for (double end = now() + 60; outstanding() > 0 && now() < end && !errors;) turn(10);
    settle();
    messages = 1;
    return report(now() - start, 0);
}

static void make_template(void) {
    stamp_at = strlen(options.before);
    template_length = stamp_at + options.size + strlen(options.after);
    template = malloc(template_length);
    if (!template) fail("out of memory");
    memcpy(template, options.before, stamp_at);
    for (size_t i = 0; i < options.size; i++)
        template[stamp_at + i] = options.binary ? (uint8_t)(i * 31 + 128) : (uint8_t)('a' + i % 26);
    memcpy(template + stamp_at + options.size, options.after, strlen(options.after));
}

static void read_pool(void) {
    uint32_t length;
    FILE *file = fopen(options.messages, "rb");
    if (!file) fail("%s: %s", options.messages, strerror(errno));
    while (fread(&length, sizeof length, 1, file) == 1) {
        pool = realloc(pool, (pool_size + 1) * sizeof *pool);
        if (!pool || length > LARGEST_FRAME) fail("%s cannot be read", options.messages);
        pool[pool_size] = (struct bytes){0};
        if (fread(extend(&pool[pool_size++], length), 1, length, file) != length) fail("%s ends early", options.messages);
    }
    fclose(file);
    if (!pool_size) fail("%s is empty", options.messages);
    if (options.answers && !(answers_file = fopen(options.answers, "wb"))) fail("%s: %s", options.answers, strerror(errno));
}

static void read_options(int count, char **arguments) {
    if (count < 2) fail("usage: load echo|broadcast|hold|upload --port PORT --pid PID ...");
    options.mode = arguments[1];
    for (int i = 2; i < count; i++) {
        const char *name = arguments[i];
        if (!strcmp(name, "--binary")) { options.binary = 1; continue; }
        if (!strcmp(name, "--socketio")) { options.socketio = 1; continue; }
        const char *value = ++i < count ? arguments[i] : "";
        if (!strcmp(name, "--port")) options.port = atoi(value);
        else if (!strcmp(name, "--pid")) options.pid = atoi(value);
        else if (!strcmp(name, "--path")) options.path = value;
        else if (!strcmp(name, "--connections")) options.connections = atoi(value);
        else if (!strcmp(name, "--in-flight")) options.in_flight = atoi(value);
        else if (!strcmp(name, "--size")) options.size = strtoull(value, NULL, 10);
        else if (!strcmp(name, "--warm-up")) options.warm_up = atof(value);
        else if (!strcmp(name, "--seconds")) options.seconds = atof(value);
        else if (!strcmp(name, "--before")) options.before = value;
        else if (!strcmp(name, "--after")) options.after = value;
        else if (!strcmp(name, "--announce")) options.announce = value;
        else if (!strcmp(name, "--messages")) options.messages = value;
        else if (!strcmp(name, "--answers")) options.answers = value;
        else fail("there is no option %s", name);
    }
    if (!is_mode("echo") && !is_mode("broadcast") && !is_mode("hold") && !is_mode("upload")) fail("there is no mode %s", options.mode);
    if (options.connections < 1 || options.in_flight < 1 || options.size < STAMP) fail("a number is too small");
    if (is_mode("broadcast") && (options.in_flight > MOST_SENDERS || options.in_flight > options.connections))
        fail("too many senders");
}

static void allow_files(int count) {
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur < (rlim_t)count) limit.rlim_cur = limit.rlim_max < (rlim_t)count ? limit.rlim_max : (rlim_t)count;
    setrlimit(RLIMIT_NOFILE, &limit);
}

int main(int count, char **arguments) {
    read_options(count, arguments);
    allow_files(options.connections + 32);
    /* Whatever happens, this process ends. */
    alarm((unsigned)(options.warm_up + options.seconds) + 120);
    if (!is_mode("upload")) make_template();
    if (options.messages) read_pool();
    connections = calloc((size_t)options.connections, sizeof *connections);
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (!connections || epoll_fd < 0) fail("out of memory");
    for (int i = 0; i < options.connections; i++) connections[i].id = (uint32_t)i;
    open_all();
    if (errors) return report(0, 0);
    /* A server may answer with 101 before it counts the session among those of a broadcast. */
    if (is_mode("broadcast")) turn_until(now() + 0.2);
    int code = is_mode("hold") ? hold() : is_mode("upload") ? upload() : measure();
    if (answers_file) fclose(answers_file);
    return code;
}
