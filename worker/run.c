/* SPDX-License-Identifier: MIT */
/* envoi-worker run: sends jobs until it is told to end. */
#include "accounts/accounts.h"
#include "accounts/exit_code.h"
#include "accounts/fault.h"
#include "portable/errno_text.h"
#include "portable/wakeup.h"
#include "worker/clock.h"
#include "worker/commands.h"
#include "worker/config.h"
#include "worker/exporter.h"
#include "worker/log.h"
#include "worker/metrics.h"
#include "worker/notify.h"
#include "worker/worker.h"

#include <envoi/envoi.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

/* ---- signals ---- */

static volatile sig_atomic_t run_stops, run_reloads;
static volatile sig_atomic_t run_bell = -1;

static void run_on_signal(int number)
{
    if (number == SIGHUP)
        run_reloads = 1;
    else
        run_stops = run_stops + 1;
    wakeup_ring((int)run_bell);
}

/* Returns 0, or -1 with errno. */
static int run_catch_signals(const struct worker *worker)
{
    static const int numbers[] = {SIGTERM, SIGINT, SIGHUP};
    struct sigaction action = {.sa_handler = run_on_signal, .sa_flags = SA_RESTART};

    run_bell = worker->bell[1];
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (sigaction(numbers[i], &action, NULL))
            return -1;
    return signal(SIGPIPE, SIG_IGN) == SIG_ERR ? -1 : 0;
}

/* ---- the work ---- */

/* Asks the worker to end once for each signal. */
static void run_heed_signals(struct worker *worker, sig_atomic_t *heeded)
{
    if (run_reloads) {
        run_reloads = 0;
        log_write(LOG_NOTICE, "SIGHUP: the secrets are read anew when they are needed");
        worker_forget_secrets(worker);
    }
    for (; *heeded != run_stops; ++*heeded) {
        notify_send("STOPPING=1");
        worker_stop(worker);
    }
}

static int run_loop(struct worker *worker, struct fault *fault)
{
    int64_t watchdog = notify_watchdog(), alive_at = clock_ms();
    sig_atomic_t heeded = 0;
    int is_ready = 0, rc = 0;

    while (!rc && worker->phase != WORKER_OVER) {
        rc = worker_step(worker, watchdog > 0 ? (int)watchdog : -1, fault);
        run_heed_signals(worker, &heeded);
        if (worker->consumer.was_open && !is_ready) {
            is_ready = 1;
            notify_send("READY=1");
        }
        if (watchdog > 0 && clock_ms() >= alive_at) {
            notify_send("WATCHDOG=1");
            alive_at = clock_ms() + watchdog;
        }
    }
    return rc;
}

static int run_with(struct worker_setup *setup, struct fault *fault)
{
    struct worker *worker = NULL;
    int rc = worker_new(setup, &worker, fault);

    if (!rc && run_catch_signals(worker))
        rc = fault_set(fault, EXIT_LOCAL, ENVOI_E_SYSTEM, "signals: %s", errno_text(errno));
    if (!rc)
        rc = run_loop(worker, fault);
    worker_free(worker);
    return rc;
}

/* ---- what it needs ---- */

static int run_open_content(const struct config *config, int *root, struct fault *fault)
{
    *root = -1;
    if (!config->content_root)
        return 0;
    *root = open(config->content_root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return *root >= 0 ? 0
                      : fault_set(fault, EXIT_CONFIG, ENVOI_E_SYSTEM, "[worker]: content-root %s: %s",
                                  config->content_root, errno_text(errno));
}

static int run_configured(const struct command_line *line, const struct accounts *accounts, const struct config *config,
                          struct fault *fault)
{
    struct worker_setup setup = {
        .accounts = accounts,
        .config = config,
        .plugins_d = line->plugins_d,
        .module_dir = line->module_dir,
        .broker = broker_amqp_new(config),
        .metrics = metrics_new(),
    };
    int rc = setup.broker && setup.metrics ? run_open_content(config, &setup.content_root, fault) : fault_memory(fault);

    if (!rc)
        rc = exporter_new(config, setup.metrics, &setup.exporter, fault);
    if (!rc)
        rc = run_with(&setup, fault);
    exporter_free(setup.exporter);
    metrics_free(setup.metrics);
    if (setup.broker)
        setup.broker->functions->free(setup.broker);
    if (setup.content_root > 0)
        close(setup.content_root);
    return rc;
}

int command_run(const struct command_line *line, struct fault *fault)
{
    struct accounts *accounts = NULL;
    struct config *config = NULL;
    int rc;

    if (line->argc > 1)
        return fault_set(fault, EXIT_USAGE, ENVOI_E_USAGE, "run takes no arguments; see envoi-worker --help");
    log_open();
    rc = accounts_open(line->accounts_file, &accounts, fault);
    if (!rc)
        rc = config_read(accounts, &config, fault);
    if (!rc)
        rc = run_configured(line, accounts, config, fault);
    config_free(config);
    accounts_free(accounts);
    return rc;
}
