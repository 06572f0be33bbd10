/* The input is one of runtimed's registries; its first byte says which. */
#include <errno.h>

#include <runtime-control/registries.h>

#include "fuzz_support.h"

static void check_words(const struct runtime_words *words)
{
	REQUIRE(words->n <= RUNTIME_WORDS_MAX && !words->word[words->n]);
	for (unsigned int i = 0; i < words->n; i++)
		touch(words->word[i], strlen(words->word[i]) + 1);
}

static void check_startup(const struct runtime_startup_program *program)
{
	REQUIRE(memchr(program->id, 0, sizeof(program->id)) && memchr(program->exec, 0, sizeof(program->exec)));
	check_words(&program->deps);
	check_words(&program->args);
	check_words(&program->env);
}

static void check_launch(const struct runtime_registry *registry, const struct runtime_launch_program *program)
{
	REQUIRE(memchr(program->id, 0, sizeof(program->id)) && memchr(program->exec, 0, sizeof(program->exec)));
	REQUIRE(memchr(program->display_name, 0, sizeof(program->display_name)));
	check_words(&program->args);
	check_words(&program->env);
	runtime_launch_find(registry, program->id);
}

static void check_variable(const struct runtime_variable *variable)
{
	REQUIRE(strchr(variable->text, '='));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int (*const parsers[])(const char *, size_t, struct runtime_registry *) = {
		runtime_startup_parse, runtime_launch_parse, runtime_env_parse,
	};
	struct runtime_registry registry = { 0 };
	unsigned int which;

	if (!size)
		return 0;
	which = data[0] % 3;
	if (parsers[which]((const char *)data + 1, size - 1, &registry))
		return 0;
	for (size_t i = 0; i < registry.n; i++) {
		if (which == 0)
			check_startup(&registry.startup[i]);
		else if (which == 1)
			check_launch(&registry, &registry.launch[i]);
		else
			check_variable(&registry.variables[i]);
	}
	runtime_registry_free(&registry);
	return 0;
}
