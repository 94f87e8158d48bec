#include "cli/cli.h"

hs_settings cli_settings(const cli_common *common, const cli_limits *limits,
                         cli_progress *progress) {
    hs_settings settings = hs_settings_default();
    settings.time_limit = limits->seconds;
    settings.node_limit = limits->nodes;
    settings.threads = (unsigned)common->threads;
    settings.seed = common->seed;
    settings.interrupted = cli_interrupted;
    settings.progress = cli_progress_engine;
    settings.data = progress;
    cli_catch_interrupts();
    cli_progress_begin(progress, common);
    return settings;
}

int cli_ask(const char *source, const cli_asked *asked, const cli_question *question, void *data) {
    hs_layer *layer = NULL;
    hs_error error;
    cli_progress progress;
    if (hs_layer_read(source, &asked->read, &layer, &error) != HS_OK)
        return cli_fail(&error);
    const hs_settings settings = cli_settings(&asked->common, &asked->limits, &progress);
    hs_status status = question->ask(layer, &settings, data, &error);
    cli_progress_end(&progress);
    int code = 0;
    if (status != HS_OK) {
        code = cli_fail(&error);
    } else if (asked->common.json) {
        code = cli_print_json(question->json(layer, data));
    } else {
        question->print(source, layer, data);
        code = cli_finish_output();
    }
    hs_layer_free(layer);
    return code;
}
