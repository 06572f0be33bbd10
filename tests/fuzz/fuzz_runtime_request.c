/* The input is what came over runtimed's socket. It is given in growing pieces, as a slow
 * client sends it: what is known of a longer piece must agree with what the shorter ones said. */
#include <errno.h>

#include <runtime-control/protocol.h>

#include "fuzz_support.h"

static void check_whole(const struct runtime_request *request)
{
	struct runtime_request again;

	REQUIRE(request->operation >= RUNTIME_SNAPSHOT && request->operation <= RUNTIME_UI_READY);
	REQUIRE(memchr(request->text, 0, sizeof(request->text)));
	REQUIRE(!runtime_request_encode(&again, request->operation, request->argument, request->text));
	REQUIRE(!memcmp(&again, request, sizeof(again)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct runtime_request request;
	int last = 0;

	for (size_t len = 0; len <= size && len <= sizeof(request) + 1; len++) {
		uint8_t *piece = malloc(len + 1);
		int result;

		memcpy(piece, data, len);
		result = runtime_request_decode(piece, len, &request);
		free(piece);
		REQUIRE(result == 1 || result == 0 || result == -EPROTO || result == -EPROTONOSUPPORT);
		if (last == -EPROTO)
			REQUIRE(result == -EPROTO);
		if (result == 1) {
			REQUIRE(len == sizeof(request));
			check_whole(&request);
		}
		last = result;
	}
	return 0;
}
