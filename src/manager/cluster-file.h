/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* cluster.yaml: the committed document as people see it, and a proposal when someone edits it. What the
 * texts mean is decided in cluster/editing.h; here they are read, written (on the storage thread), proposed
 * and put aside.
 *
 * The text of a version is stored before the file shows it, so whatever an edit starts from is known. The
 * daemon replaces the file by exchange and looks at what it got back: an edit that slipped in is judged like
 * any other. */

#include "manager/manager.h"

typedef struct ClusterFile ClusterFile;

int cluster_file_new(Manager *manager, ClusterFile **ret);
ClusterFile *cluster_file_free(ClusterFile *file);
DEFINE_CLEANUP(ClusterFile, cluster_file_free);

/* looks at the file as if it had just been saved in place */
void cluster_file_reload(ClusterFile *file);
/* a document was committed */
void cluster_file_committed(ClusterFile *file);
/* there is a master now, or none: an edit made while the daemon was stopped waits for one */
void cluster_file_leadership(ClusterFile *file);
