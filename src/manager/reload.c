/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* SIGHUP, `systemctl reload`: everything that is read from files is looked at again, now. */

#include <assert.h>

#include "base/names.h"
#include "manager/cluster-file.h"
#include "manager/internal.h"
#include "manager/journal.h"
#include "manager/node.h"
#include "store/nodefile.h"

/* It says who this node is and where it listens: nothing to be changed under a running cluster. */
static void compare_node(const Node *node) {
        _cleanup_(node_config_freep) NodeConfig *config = NULL;
        g_autofree char *error = NULL;
        int r;

        r = node_load(node->paths, &config, &error);
        if (r < 0)
                journal_event(EVENT_WARNING,
                              NULL,
                              "the next start would fail: %s",
                              error ?: FILE_NODE " is not there any more");
        else if (!node_config_equal(config, node->config))
                journal_event(EVENT_WARNING,
                              NULL,
                              "%s/" FILE_NODE " has changed; it is read at a start: `systemctl restart "
                              "quptime`",
                              node->paths->config_dir);
}

void manager_reload(Manager *m) {
        assert(m);

        if (node_is_initialized(m->node))
                compare_node(m->node);
        if (m->watcher)
                watcher_reload(m->watcher);
        if (m->deliveries)
                deliveries_reload(m->deliveries);
        if (m->file)
                cluster_file_reload(m->file);
        journal_event(EVENT_RELOADED, NULL, "read the files again");
        manager_touch_status(m);
}
