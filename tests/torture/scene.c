/* SPDX-License-Identifier: MIT */
#include "scene.h"

#include "../peers/dns.h"
#include "../plugins/tree.h"
#include "../support/blocks.h"
#include "calls.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define FDS_MAX    256
/* Nothing of a play waits so long; only where a fault makes it wait for ever its deadlines are what ends it. */
#define PATIENT    60000
#define IMPATIENT  100
#define BOUND      20000
#define GUARD      120 /* seconds */
#define PLACES_MAX ((size_t)20000)

/* What goes wrong in a play. */
struct trouble {
    const struct fault *fault; /* NULL: none, or an allocation */
    bool allocation;
    size_t nth; /* 0: nothing goes wrong */
    bool for_ever;
};

/* What a play came to. */
struct outcome {
    int rc; /* the first failure */
    char error[512];
    int verdicts[SCENE_LETTERS][SCENE_RECIPIENTS]; /* -1: there was no message */
    bool hit;                                      /* something did go wrong */
    size_t made[CALL_KINDS];
};

static struct sink *sink;
static size_t next_letter;
static char playing[256]; /* for whoever finds it hanging */

int64_t scene_now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

const char *scene_dns(void)
{
    static const struct dns_row rows[] = {{.name = SCENE_HOST, .a = {"127.0.0.1"}}, {.name = NULL}};
    static const char *where;

    if (!where)
        where = dns_start(rows);
    return where;
}

/* ---- the state of the process ---- */

struct process {
    bool open[FDS_MAX];
    size_t blocks;
    sigset_t mask;
};

static void look(struct process *p)
{
    struct sigaction action;

    for (int fd = 0; fd < FDS_MAX; fd++)
        p->open[fd] = fcntl(fd, F_GETFD) >= 0;
    p->blocks = blocks_alive();
    sigprocmask(SIG_SETMASK, NULL, &p->mask);
    sigaction(SIGPIPE, NULL, &action);
    cr_assert(action.sa_handler == SIG_DFL && !(action.sa_flags & SA_SIGINFO), "[%s] SIGPIPE is handled", playing);
}

static void compare(const struct process *before)
{
    struct process now;

    look(&now);
    for (int fd = 0; fd < FDS_MAX; fd++)
        cr_assert_eq(now.open[fd], before->open[fd], "[%s] descriptor %d was left %s", playing, fd,
                     now.open[fd] ? "open" : "closed");
    cr_assert_eq(now.blocks, before->blocks, "[%s] %zu blocks were not given back", playing,
                 now.blocks - before->blocks);
    for (int s = 1; s < SIGRTMIN; s++)
        cr_assert_eq(sigismember(&now.mask, s), sigismember(&before->mask, s), "[%s] signal %d", playing, s);
}

static void hangs(int signal)
{
    static const char what[] = "this does not come to an end: ";

    (void)signal;
    if (write(STDERR_FILENO, what, sizeof what - 1) < 0 || write(STDERR_FILENO, playing, strlen(playing)) < 0 ||
        write(STDERR_FILENO, "\n", 1) < 0)
        abort();
    abort();
}

/* ---- before and after a play ---- */

static ssize_t read_cookie(void *cookie, char *buf, size_t size)
{
    return read(*(int *)cookie, buf, size);
}

static int seek_cookie(void *cookie, off64_t *offset, int whence)
{
    off_t at = lseek(*(int *)cookie, *offset, whence);

    *offset = at;
    return at < 0 ? -1 : 0;
}

static int make_file(const char *content, size_t len)
{
    FILE *file = tmpfile();
    int fd;

    cr_assert(file && fwrite(content, 1, len, file) == len && fflush(file) == 0);
    fd = fcntl(fileno(file), F_DUPFD_CLOEXEC, 0);
    fclose(file);
    cr_assert_eq(lseek(fd, 0, SEEK_SET), 0);
    return fd;
}

static int make_pipe(const char *content, size_t len)
{
    int ends[2];

    cr_assert(pipe2(ends, O_CLOEXEC) == 0 && write(ends[1], content, len) == (ssize_t)len);
    close(ends[1]);
    return ends[0];
}

static void open_source(struct act *a, size_t i)
{
    static const cookie_io_functions_t functions = {.read = read_cookie, .seek = seek_cookie};
    enum source source = a->scene->source;

    a->fds[i] = -1;
    a->len[i] = sink_letter(a->first + i, a->content[i]);
    if (source == SOURCE_PIPE)
        a->fds[i] = make_pipe(a->content[i], a->len[i]);
    else if (source != SOURCE_MEMORY)
        a->fds[i] = make_file(a->content[i], a->len[i]);
    if (source == SOURCE_STREAM)
        cr_assert_not_null(a->streams[i] = fopencookie(&a->fds[i], "r", functions));
}

static void close_source(struct act *a, size_t i)
{
    if (a->streams[i])
        fclose(a->streams[i]);
    a->streams[i] = NULL;
    if (a->fds[i] >= 0)
        close(a->fds[i]);
}

static void begin(struct act *a, const struct scene *scene, struct envoi_library *library, int64_t timeout)
{
    static char named[64];

    *a = (struct act){.scene = scene, .where = sink_where(sink), .library = library, .timeout = timeout};
    if (scene->by_name) {
        snprintf(named, sizeof named, SCENE_HOST ":%u", sink_port(sink));
        a->where = named;
    }
    a->first = next_letter;
    next_letter += scene->letters;
    cr_assert_lt(next_letter, SINK_LETTERS, "the ledger is full");
    for (size_t i = 0; i < scene->letters; i++)
        open_source(a, i);
}

/* What is claimed of a recipient is what the ledger says. */
static void check_recipient(const struct act *a, size_t i, size_t k, int verdict)
{
    unsigned taken = sink_taken(sink, a->first + i, k);

    cr_assert_leq(taken, 1, "[%s] letter %zu was sent twice", playing, i);
    if (verdict == ENVOI_VERDICT_UNKNOWN)
        return;
    cr_assert_eq(taken, verdict == ENVOI_VERDICT_ACCEPTED,
                 "[%s] letter %zu, recipient %zu: %s, but taken %u times (%s)", playing, i, k,
                 verdict < 0 ? "no message" : envoi_verdict_name(verdict), taken, a->error);
}

static void end(struct act *a, struct outcome *out)
{
    out->rc = a->rc;
    snprintf(out->error, sizeof out->error, "%s", a->error);
    for (size_t i = 0; i < a->scene->letters; i++) {
        for (size_t k = 0; k < SCENE_RECIPIENTS; k++) {
            struct envoi_message *m = a->messages[i];
            int verdict = m && k < envoi_message_recipients(m) ? envoi_message_verdict(m, k) : -1;

            out->verdicts[i][k] = verdict;
            check_recipient(a, i, k, verdict);
        }
        envoi_message_free(a->messages[i]);
        close_source(a, i);
    }
    cr_assert(!sink_wrong(sink), "[%s] the server got %s", playing, sink_wrong(sink));
    cr_assert_eq(a->done, a->submitted, "[%s] %zu of %zu messages are done", playing, a->done, a->submitted);
    if (out->rc) {
        cr_assert_str_neq(out->error, "", "[%s] %s, and no text", playing, envoi_error_name(out->rc));
        cr_assert_str_neq(envoi_error_name(out->rc), "ENVOI_E_?", "[%s] %d", playing, out->rc);
    }
}

/* ---- plays ---- */

static void strike(const struct trouble *t)
{
    if (t->allocation)
        blocks_fail(t->nth, t->for_ever);
    calls_begin(t->nth ? t->fault : NULL, t->nth, t->for_ever);
}

static bool spare(const struct trouble *t)
{
    bool hit = t->allocation ? blocks_asked() >= t->nth : t->fault && calls_made(t->fault->call) >= t->nth;

    calls_end();
    if (t->allocation)
        blocks_fail(0, false);
    return t->nth && hit;
}

static void play(const struct scene *scene, const struct trouble *t, struct envoi_library *library, int64_t timeout,
                 struct outcome *out)
{
    int64_t begun = scene_now(), took;
    struct act act;

    begin(&act, scene, library, timeout);
    alarm(GUARD);
    strike(t);
    act_play(&act);
    out->hit = spare(t);
    alarm(0);
    took = scene_now() - begun;
    for (enum call call = 0; call < CALL_KINDS; call++)
        out->made[call] = calls_made(call);
    cr_assert_lt(took, BOUND, "[%s] that took %d ms", playing, (int)took);
    cr_assert(!calls_wrong(), "[%s] %s", playing, calls_wrong());
    cr_assert(sink_settle(sink), "[%s] a connection was left open", playing);
    end(&act, out);
}

static struct envoi_library *library_of(const struct scene *scene)
{
    struct act act = {.scene = scene};

    if (!scene->library)
        cr_assert_eq(act_library(&act), ENVOI_OK);
    return act.library;
}

static void expect_same(const struct outcome *out, const struct outcome *good)
{
    cr_assert_eq(out->rc, good->rc, "[%s] %s: %s", playing, envoi_error_name(out->rc), out->error);
    for (size_t i = 0; i < SCENE_LETTERS; i++)
        for (size_t k = 0; k < SCENE_RECIPIENTS; k++)
            cr_assert_eq(out->verdicts[i][k], good->verdicts[i][k], "[%s] letter %zu, recipient %zu: %d", playing, i, k,
                         out->verdicts[i][k]);
}

/* A play with trouble, and one without behind it, by the same library object where that forgets what was. False: there
 * was no such call any more. */
static bool torture_once(const struct scene *scene, const struct trouble *t, enum effect effect,
                         const struct outcome *good)
{
    static const struct trouble none;
    struct envoi_library *library;
    struct outcome out = {0};
    struct process before;
    bool hit, hurried = t->fault && t->for_ever && effect == EFFECT_FAIR && calls_fault_waits(t->fault);

    snprintf(playing, sizeof playing, "%s: %s, number %zu%s", scene->name,
             t->allocation ? "allocation" : calls_fault_text(t->fault), t->nth,
             t->for_ever ? " and all behind it" : "");
    look(&before);
    library = library_of(scene);
    play(scene, t, library, hurried ? IMPATIENT : PATIENT, &out);
    hit = out.hit || (hurried && out.rc != good->rc); /* the machine was too slow to come so far */
    if (!hit || effect == EFFECT_NONE)
        expect_same(&out, good);
    snprintf(playing + strlen(playing), sizeof playing - strlen(playing), "; afterwards");
    if (!t->allocation && t->fault->lasts) {
        envoi_library_free(library);
        library = library_of(scene);
    }
    memset(&out, 0, sizeof out);
    if (hit)
        play(scene, &none, library, PATIENT, &out);
    envoi_library_free(library);
    if (hit)
        expect_same(&out, good);
    compare(&before);
    return hit;
}

static void prepare(const struct scene *scene, struct outcome *good)
{
    static const struct trouble none;
    struct sigaction guard = {.sa_handler = hangs};
    struct envoi_library *library;

    signal(SIGPIPE, SIG_DFL);
    sigaction(SIGALRM, &guard, NULL);
    blocks_install();
    next_letter = 0;
    sink = sink_start(scene->sink, PKI_DIR);
    /* Twice: what a process makes but once (by OpenSSL, say) is there the second time. */
    for (int i = 0; i < 2; i++) {
        snprintf(playing, sizeof playing, "%s: as it should go", scene->name);
        memset(good, 0, sizeof *good);
        library = library_of(scene);
        play(scene, &none, library, PATIENT, good);
        envoi_library_free(library);
    }
    cr_assert_eq(good->verdicts[0][0], ENVOI_VERDICT_ACCEPTED, "[%s] %s: %s", playing, envoi_error_name(good->rc),
                 good->error);
    cr_assert_eq(good->verdicts[0][1], ENVOI_VERDICT_ACCEPTED);
}

static void finish(const struct scene *scene, size_t plays)
{
    sink_stop(sink);
    printf("%s: %zu plays\n", scene->name, plays);
    cr_assert_gt(plays, 1, "nothing went wrong");
}

/* Until a play has no such call any more. */
static size_t torture_all(const struct scene *scene, struct trouble *t, enum effect effect, const struct outcome *good)
{
    size_t n = 1;

    if (effect == EFFECT_SKIP)
        return 0;
    for (t->nth = 1; n < PLACES_MAX && torture_once(scene, t, effect, good); t->nth++)
        n++;
    cr_assert_lt(n, PLACES_MAX, "[%s]", playing);
    return n;
}

/* That content which is read once has come to its end too early nobody can tell, nor that a descriptor is not empty. */
static bool is_hidden(const struct scene *scene, const struct trouble *t)
{
    if (t->fault->call != CALL_read || t->fault->how != HOW_NOTHING)
        return false;
    return scene->admin || scene->source == SOURCE_PIPE || scene->source == SOURCE_STREAM;
}

void scene_torture(const struct scene *scene)
{
    struct outcome good;
    size_t plays = 0;

    prepare(scene, &good);
    for (size_t i = 0; i < 2 * calls_fault_count; i++) {
        struct trouble t = {.fault = &calls_faults[i / 2], .for_ever = i % 2};

        if (good.made[t.fault->call] && !is_hidden(scene, &t) && !(scene->network && t.fault->call > CALL_stat))
            plays += torture_all(scene, &t, t.for_ever ? t.fault->for_ever : t.fault->once, &good);
    }
    finish(scene, plays);
}

void scene_starve(const struct scene *scene)
{
    struct outcome good;
    size_t plays = 0;

    prepare(scene, &good);
    for (int for_ever = 0; for_ever < 2; for_ever++)
        plays += torture_all(scene, &(struct trouble){.allocation = true, .for_ever = for_ever}, EFFECT_FAIR, &good);
    finish(scene, plays);
}

/* ---- the directory ---- */

void scene_open(void)
{
    tree_make();
    tree_dir("modules");
    tree_copy_all(MODULES, "modules");
    tree_dir("vendor");
    tree_copy_all(DESCRIPTORS, "vendor");
    /* The plugin that offers the mechanisms of the others apart from them. */
    (void)unlink(tree_path("vendor/sasl.plugin"));
    tree_dir("sasl");
    tree_copy(DESCRIPTORS "/sasl.plugin", "sasl/sasl.plugin");
    tree_copy(DESCRIPTORS "/openssl.plugin", "sasl/openssl.plugin");
    tree_copy(DESCRIPTORS "/gnutls.plugin", "sasl/gnutls.plugin");
    tree_dir("admin");
    tree_text("admin/plain.plugin", "enabled: no\n");
}

void scene_close(void)
{
    tree_remove();
}
