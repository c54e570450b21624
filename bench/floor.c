/* The physical floor: the least that any program could do for a webhook on this machine.
 *
 * One thread, epoll.  The signature is checked over the raw body, the message id is looked up in a
 * set in memory, the body is appended to a preallocated log, and each batch of events costs one
 * write and one fdatasync.  Then come the 200s, then the texts go out to the open event streams.
 * It cheats knowingly: nothing is read back after a restart, the log wraps, there is no TLS, no
 * index, and no parsing but a search for substrings.
 *
 *     floor PORT LOG SECRET
 *
 * It says "ready" on its standard output, and ends with a signal.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    EVENTS = 512,
    CONNECTIONS = 8192,
    REQUEST_MAX = 4 << 20,
    STREAMS = 4096,
    SLOTS = 1 << 23,
    LOG_BYTES = 256 << 20,
    LOG_WRAP = 250 << 20,
};

struct connection {
    char *data;
    size_t length, room;
};

struct push {
    int stream;
    const char *text; /* into the connection's buffer, which is kept until the batch is over */
    size_t length;
};

static struct connection connections[CONNECTIONS];
static int streams[STREAMS], stream_count;
static uint64_t *seen;
static struct push *pushes;
static size_t push_count, push_room;
static int answers[EVENTS];
static int answer_count;
static char *batch;
static size_t batch_length, batch_room;
static off_t log_offset;
static const char *secret;
static const char OK[] = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
static const char BAD[] = "HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n";
static const char STREAM[] = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n"
                             "event: open\ndata: {}\n\n";

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static void *grown(void *memory, size_t *room, size_t needed) {
    while (*room < needed) *room = *room ? *room * 2 : 4096;
    if (!(memory = realloc(memory, *room))) fail("realloc");
    return memory;
}

static void put(int fd, const char *data, size_t length) {
    if (send(fd, data, length, MSG_NOSIGNAL) != (ssize_t)length) shutdown(fd, SHUT_RDWR);
}

static int is_signed(const char *body, size_t length, const char *given) {
    static const char digits[] = "0123456789abcdef";
    unsigned char digest[32];
    char hex[64];
    HMAC(EVP_sha256(), secret, strlen(secret), (const unsigned char *)body, length, digest, NULL);
    for (int i = 0; i < 32; i++) {
        hex[2 * i] = digits[digest[i] >> 4];
        hex[2 * i + 1] = digits[digest[i] & 15];
    }
    return CRYPTO_memcmp(hex, given, sizeof hex) == 0;
}

/* Whether the id is new; FNV-1a into an open-addressing set. */
static int is_new(const char *id, size_t length) {
    uint64_t hash = 14695981039346656037u;
    for (size_t i = 0; i < length; i++) hash = (hash ^ (unsigned char)id[i]) * 1099511628211u;
    hash |= hash == 0;
    for (size_t slot = hash % SLOTS;; slot = (slot + 1) % SLOTS) {
        if (seen[slot] == hash) return 0;
        if (seen[slot] == 0) {
            seen[slot] = hash;
            return 1;
        }
    }
}

/* The value after `key` up to the next quote; NULL where there is none. */
static const char *value(const char *from, const char *end, const char *key, size_t *length) {
    const char *start = memmem(from, end - from, key, strlen(key));
    if (!start) return NULL;
    start += strlen(key);
    const char *quote = memchr(start, '"', end - start);
    if (!quote) return NULL;
    *length = quote - start;
    return start;
}

static void note_texts(const char *body, const char *end) {
    size_t length, digits;
    const char *from, *text;
    while ((from = value(body, end, "\"from\":\"", &digits)) &&
           (text = value(from, end, "\"body\":\"", &length))) {
        body = text + length;
        if (!stream_count) continue;
        if (push_count == push_room) {
            size_t room = push_room * sizeof *pushes;
            pushes = grown(pushes, &room, (push_count + 1) * sizeof *pushes);
            push_room = room / sizeof *pushes;
        }
        int stream = streams[strtoull(from, NULL, 10) % stream_count];
        pushes[push_count++] = (struct push){stream, text, length};
    }
}

static void take_webhook(int fd, const char *head, const char *body, size_t length) {
    const char *given = strcasestr(head, "x-hub-signature-256: sha256=");
    if (!given || given + 28 + 64 > body || !is_signed(body, length, given + 28)) {
        put(fd, BAD, sizeof BAD - 1);
        return;
    }
    size_t size;
    const char *id = value(body, body + length, "\"id\":\"wamid.", &size);
    if (!id || is_new(id, size)) {
        batch = grown(batch, &batch_room, batch_length + length);
        memcpy(batch + batch_length, body, length);
        batch_length += length;
        note_texts(body, body + length);
    }
    answers[answer_count++] = fd;
}

/* What came on a connection: nothing, part of a request, or one whole request. */
static void take(int fd) {
    struct connection *one = &connections[fd];
    for (;;) {
        one->data = grown(one->data, &one->room, one->length + 65536);
        ssize_t got = recv(fd, one->data + one->length, one->room - one->length - 1, 0);
        if (got < 0 && (errno == EAGAIN || errno == EINTR)) break;
        if (got <= 0 || one->length + got > REQUEST_MAX) {
            for (int i = 0; i < stream_count; i++)
                if (streams[i] == fd) streams[i--] = streams[--stream_count];
            close(fd);
            one->length = 0;
            return;
        }
        one->length += got;
    }
    one->data[one->length] = 0;
    char *end = strstr(one->data, "\r\n\r\n");
    if (!end) return;
    if (strncmp(one->data, "GET /desk", 9) == 0) {
        if (stream_count < STREAMS) streams[stream_count++] = fd;
        put(fd, STREAM, sizeof STREAM - 1);
        one->length = 0;
        return;
    }
    char *said = strcasestr(one->data, "\r\ncontent-length: ");
    size_t length = said ? strtoul(said + 18, NULL, 10) : 0;
    if (one->length < (size_t)(end + 4 - one->data) + length) return;
    take_webhook(fd, one->data, end + 4, length);
    one->length = 0; /* no pipelining: the next request comes after the answer */
}

static void finish_batch(int log) {
    static char event[REQUEST_MAX];
    if (batch_length) {
        if (log_offset + (off_t)batch_length > LOG_WRAP) log_offset = 0;
        if (pwrite(log, batch, batch_length, log_offset) != (ssize_t)batch_length) fail("write");
        if (fdatasync(log)) fail("fdatasync");
        log_offset += batch_length;
    }
    for (int i = 0; i < answer_count; i++) put(answers[i], OK, sizeof OK - 1);
    for (size_t i = 0; i < push_count; i++) {
        int length = snprintf(event, sizeof event,
                              "event: view\ndata: {\"kind\":\"message\",\"id\":\"0\","
                              "\"text\":\"%.*s\"}\n\n",
                              (int)pushes[i].length, pushes[i].text);
        put(pushes[i].stream, event, length);
    }
    batch_length = push_count = answer_count = 0;
}

static int listening(int port) {
    int door = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), on = 1;
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons(port)};
    here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(door, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(door, (struct sockaddr *)&here, sizeof here) || listen(door, 4096)) fail("listen");
    return door;
}

static void let_in(int door, int poll) {
    int fd, on = 1;
    while ((fd = accept4(door, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        struct epoll_event wanted = {.events = EPOLLIN, .data.fd = fd};
        if (fd >= CONNECTIONS) {
            close(fd);
            continue;
        }
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        epoll_ctl(poll, EPOLL_CTL_ADD, fd, &wanted);
    }
}

static int preallocated(const char *path) {
    int log = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    static char zeros[1 << 20];
    if (log < 0) fail("log");
    for (int i = 0; i < LOG_BYTES >> 20; i++)
        if (write(log, zeros, sizeof zeros) != sizeof zeros) fail("log");
    if (fsync(log)) fail("fsync");
    return log;
}

int main(int count, char **words) {
    if (count != 4) {
        fprintf(stderr, "floor PORT LOG SECRET\n");
        return 2;
    }
    secret = words[3];
    if (!(seen = calloc(SLOTS, sizeof *seen))) fail("calloc");
    int log = preallocated(words[2]), door = listening(atoi(words[1])), poll = epoll_create1(0);
    struct epoll_event wanted = {.events = EPOLLIN, .data.fd = door}, events[EVENTS];
    epoll_ctl(poll, EPOLL_CTL_ADD, door, &wanted);
    puts("ready");
    fflush(stdout);
    for (;;) {
        int ready = epoll_wait(poll, events, EVENTS, -1);
        for (int i = 0; i < ready; i++) {
            if (events[i].data.fd == door)
                let_in(door, poll);
            else
                take(events[i].data.fd);
        }
        finish_batch(log);
    }
}
