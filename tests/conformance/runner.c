/* SPDX-License-Identifier: MIT */
#include "runner.h"

#include "guard.h"
#include "mechanism/host.h"

#include <fnmatch.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define JOBS_MAX 64

struct job {
    pid_t pid; /* 0: free */
    const struct check_case *what;
    struct timespec end;
    struct check_report *report;
    char name[160];
};

static void *shared(size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (memory == MAP_FAILED) {
        perror("mmap");
        exit(71);
    }
    return memory;
}

/* ---- a process ---- */

static void child(struct check_report *report, void (*run)(size_t row), size_t row)
{
    setpgid(0, 0);
    check_report = report;
    run(row);
    if (check_cleanup)
        check_cleanup();
    check_leave();
    report->state = CHECK_PASSED;
    exit(0); /* not _exit: a sanitizer looks for leaks now */
}

void runner_unblock(void)
{
    sigset_t none;

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static void job_start(struct job *job, void (*run)(size_t row), size_t row, unsigned seconds)
{
    if (!job->report)
        job->report = shared(sizeof *job->report);
    memset(job->report, 0, sizeof *job->report);
    fflush(stdout);
    clock_gettime(CLOCK_MONOTONIC, &job->end);
    job->end.tv_sec += (time_t)seconds;
    job->pid = fork();
    if (job->pid == 0) {
        runner_unblock();
        child(job->report, run, row);
    }
    if (job->pid < 0) {
        perror("fork");
        exit(71);
    }
    setpgid(job->pid, job->pid);
}

static double job_left(const struct job *job)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(job->end.tv_sec - now.tv_sec) + (double)(job->end.tv_nsec - now.tv_nsec) / 1e9;
}

/* Turns the way in which the process ended into a state and a sentence. */
static void job_judge(struct job *job, int status, bool late)
{
    struct check_report *report = job->report;
    const bool in_slot = report->slot[0] != '\0';
    char how[160];

    kill(-job->pid, SIGKILL); /* what it may have started */
    job->pid = 0;
    if (report->state == CHECK_FAILED || report->state == CHECK_SKIPPED)
        return;
    if (late)
        snprintf(how, sizeof how, "hangs");
    else if (WIFSIGNALED(status))
        snprintf(how, sizeof how, "crashed (%s)", strsignal(WTERMSIG(status)));
    else if (WEXITSTATUS(status) || report->state != CHECK_PASSED)
        snprintf(how, sizeof how, "ended with status %d", WEXITSTATUS(status));
    else
        return;
    report->state = CHECK_FAILED;
    report->file[0] = '\0';
    snprintf(report->text, sizeof report->text, "%s%s%s%s", how, in_slot ? " in " : "", in_slot ? report->slot : "",
             in_slot ? "()" : ", outside of a slot");
}

/* The signals that are waited for: the end of a job, and those that end the program. */
static sigset_t signals(void)
{
    static const int all[] = {SIGCHLD, SIGINT, SIGTERM, SIGHUP};
    sigset_t set;

    sigemptyset(&set);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        sigaddset(&set, all[i]);
    return set;
}

/* Waits until a job has ended, or is too late. Returns it, judged. */
static struct job *job_wait(struct job *jobs, unsigned count)
{
    const sigset_t ended = signals();

    for (;;) {
        double least = 3600;
        for (unsigned i = 0; i < count; i++) {
            int status = 0;
            if (!jobs[i].pid)
                continue;
            if (waitpid(jobs[i].pid, &status, WNOHANG) == jobs[i].pid) {
                job_judge(&jobs[i], status, false);
                return &jobs[i];
            }
            if (job_left(&jobs[i]) <= 0) {
                kill(-jobs[i].pid, SIGKILL);
                kill(jobs[i].pid, SIGKILL);
                waitpid(jobs[i].pid, &status, 0);
                job_judge(&jobs[i], status, true);
                return &jobs[i];
            }
            least = job_left(&jobs[i]) < least ? job_left(&jobs[i]) : least;
        }
        struct timespec left = {.tv_sec = (time_t)least, .tv_nsec = (long)((least - (double)(time_t)least) * 1e9)};
        int signal = sigtimedwait(&ended, NULL, &left);
        if (signal > 0 && signal != SIGCHLD) {
            for (unsigned i = 0; i < count; i++)
                if (jobs[i].pid)
                    kill(-jobs[i].pid, SIGKILL);
            exit(128 + signal);
        }
    }
}

/* ---- what the plugin is ---- */

static void ask(size_t unused)
{
    const struct envoi_plugin *plugin = guard_plugin();
    const struct envoi_mechanism *mechanism = guard_mechanism();
    struct check_subject *subject = check_subject;
    struct envoi_mech_info row = {.struct_size = sizeof row};
    void *state = NULL;

    (void)unused;
    snprintf(subject->id, sizeof subject->id, "%s", plugin->id);
    if (guard_transport()) {
        snprintf(subject->transport, sizeof subject->transport, "%s", guard_transport()->name);
        subject->caps = guard_transport()->caps;
    }
    if (!mechanism)
        return;
    if (plugin->init)
        check_eq(plugin->init(host_get(), &state), ENVOI_OK, "init() failed: %s", host_record.text);
    while (subject->mechanisms < CHECK_MECHANISMS && mechanism->mech_at(state, subject->mechanisms, &row) == ENVOI_OK) {
        struct check_mechanism *to = &subject->mechanism[subject->mechanisms++];
        snprintf(to->mech, sizeof to->mech, "%s", row.name);
        to->flags = row.flags;
        to->needs = row.needs;
    }
    check(subject->mechanisms < CHECK_MECHANISMS, "mech_at() does not end: ENVOI_E_END never comes");
    if (plugin->fini)
        plugin->fini(state);
}

static struct job jobs[JOBS_MAX];

bool runner_ask(struct runner *self)
{
    const sigset_t ended = signals();

    (void)self;
    sigprocmask(SIG_BLOCK, &ended, NULL);
    check_subject = shared(sizeof *check_subject);
    job_start(&jobs[0], ask, 0, 60);
    job_wait(jobs, 1);
    if (jobs[0].report->state == CHECK_FAILED)
        printf("%s: %s\n", check_options.module, jobs[0].report->text);
    return jobs[0].report->state != CHECK_FAILED;
}

/* ---- results ---- */

static void runner_tell(struct runner *self, const struct job *job)
{
    static const char *const words[] = {"", "PASS", "FAIL", "SKIP"};
    const struct check_report *report = job->report;
    unsigned number;

    self->passed += report->state == CHECK_PASSED;
    self->failed += report->state == CHECK_FAILED;
    self->skipped += report->state == CHECK_SKIPPED;
    number = self->passed + self->failed + self->skipped;
    if (self->tap)
        printf("%sok %u - %s%s%s\n", report->state == CHECK_FAILED ? "not " : "", number, job->name,
               report->state == CHECK_SKIPPED ? " # SKIP " : "", report->state == CHECK_SKIPPED ? report->text : "");
    else if (report->state == CHECK_FAILED || !self->quiet)
        printf("%s  %s%s%s\n", words[report->state], job->name, report->state == CHECK_SKIPPED ? ": " : "",
               report->state == CHECK_SKIPPED ? report->text : "");
    if (report->state == CHECK_FAILED) {
        const char *indent = self->tap ? "#     " : "      ";
        printf("%spromised: %s\n%sfound:    %s", indent, job->what->promise, indent, report->text);
        if (report->with[0])
            printf("; with %s", report->with);
        if (report->file[0])
            printf(" (%s:%d)", report->file, report->line);
        putchar('\n');
    }
    fflush(stdout);
}

static void runner_pass_over(struct runner *self, struct job *job, const struct check_case *what, const char *why)
{
    if (!job->report)
        job->report = shared(sizeof *job->report);
    *job->report = (struct check_report){.state = CHECK_SKIPPED};
    snprintf(job->report->text, sizeof job->report->text, "%s", why);
    job->what = what;
    runner_tell(self, job);
}

/* ---- which cases ---- */

static bool fits(const struct runner *self, const char *name)
{
    for (size_t i = 0; i < self->filter_count; i++)
        if (fnmatch(self->filters[i], name, 0) == 0)
            return true;
    return self->filter_count == 0;
}

static bool concerns(const struct check_case *what)
{
    if (what->only && strcmp(what->only, check_subject->id) != 0)
        return false;
    if (what->kind == CHECK_TRANSPORT)
        return check_subject->transport[0] != '\0';
    return what->kind != CHECK_MECHANISM || check_subject->mechanisms > 0;
}

/* Is the name one of those that begin with one of the words of `of`? */
static bool named(const char *of, const struct check_mechanism *mechanism)
{
    return strncmp(mechanism->mech, of, strlen(of)) == 0 && !(mechanism->flags & ENVOI_MECH_MAY_BLOCK);
}

static struct job *runner_free_job(struct runner *self)
{
    for (;;) {
        for (unsigned i = 0; i < self->jobs; i++)
            if (!jobs[i].pid)
                return &jobs[i];
        runner_tell(self, job_wait(jobs, self->jobs));
    }
}

static void runner_take(struct runner *self, const struct check_case *what, size_t row, const char *label)
{
    char name[160];

    snprintf(name, sizeof name, "%s/%s%s%s%s", what->suite, what->name, label ? "[" : "", label ? label : "",
             label ? "]" : "");
    if (!fits(self, name))
        return;
    if (self->list) {
        printf("%s: %s\n", name, what->promise);
        return;
    }
    struct job *job = runner_free_job(self);
    snprintf(job->name, sizeof job->name, "%s", name);
    job->what = what;
    if (check_lacking(what->needs))
        runner_pass_over(self, job, what, check_lacking(what->needs));
    else
        job_start(job, what->run, row, self->deadline ? self->deadline : what->seconds);
}

static void runner_take_rows(struct runner *self, const struct check_case *what)
{
    for (size_t row = 0; what->of && row < check_subject->mechanisms; row++)
        if (named(what->of, &check_subject->mechanism[row]))
            runner_take(self, what, row, check_subject->mechanism[row].mech);
    for (size_t row = 0; row < what->rows; row++) {
        char label[100];
        what->label(row, label, sizeof label);
        runner_take(self, what, row, label);
    }
    if (!what->of && !what->rows)
        runner_take(self, what, 0, NULL);
}

void runner_run(struct runner *self)
{
    if (self->tap)
        puts("TAP version 13");
    for (const struct check_case *what = check_cases; what; what = what->next)
        if (concerns(what))
            runner_take_rows(self, what);
    for (unsigned i = 0; i < self->jobs; i++)
        while (jobs[i].pid)
            runner_tell(self, job_wait(jobs, self->jobs));
    if (self->list)
        return;
    if (self->tap)
        printf("1..%u\n", self->passed + self->failed + self->skipped);
    printf("%s%s: %u passed, %u failed, %u passed over\n", self->tap ? "# " : "", check_subject->id, self->passed,
           self->failed, self->skipped);
}
