/* The input is hived's messages (feigned/feigned.h): keys that were opened are named by later ones. */
#include <albireo/hive.h>

#include "feigned.h"

static void take_reply(const struct service_call *call)
{
	if (call->words[0] == HIVED_OPEN_KEY)
		feigned_give(call->reply_words[1]);
	REQUIRE(call->reply_words[HIVED_SEQ] % 2 == 1);
	touch(call->reply, call->reply_len);
}

const struct feigned_service feigned = { .last_operation = HIVED_DELETE_VALUE, .take_reply = take_reply };
