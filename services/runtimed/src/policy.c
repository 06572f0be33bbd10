#include <errno.h>
#include <stddef.h>

#include "policy.h"

static bool may_launch(const struct peer *peer, const struct policy_object *object, uid_t own_uid)
{
	if (own_uid && peer->uid != own_uid)
		return false;
	return !object || !object->is_admin || !peer->uid;
}

static bool may_terminate(const struct peer *peer, const struct policy_object *object, uid_t own_uid)
{
	if (!object)
		return false;
	if (object->kind == RUNTIME_SERVICE)
		return peer->uid == own_uid;
	return peer->uid == object->uid;
}

int policy_check(const struct peer *peer, enum runtime_operation operation, const struct policy_object *object,
		 uid_t own_uid)
{
	bool may = false;

	switch (operation) {
	case RUNTIME_SNAPSHOT:
		return 0;
	case RUNTIME_LAUNCH_PROGRAM:
	case RUNTIME_LAUNCH_PATH:
		may = may_launch(peer, object, own_uid);
		break;
	case RUNTIME_TERMINATE_SESSION:
	case RUNTIME_TERMINATE_PID:
		may = !peer->uid || may_terminate(peer, object, own_uid);
		break;
	case RUNTIME_UI_READY:
		may = !peer->uid || peer->uid == own_uid || peer->is_service;
		break;
	}
	return may ? 0 : -EPERM;
}
