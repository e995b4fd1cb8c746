dist_man_MANS += doc/hms.1 doc/hms-policy.5 doc/hms-topology.5 doc/hms-sources.7 doc/hms-vendors.7 doc/libhms_preload.7
EXTRA_DIST += doc/ARCHITECTURE.md doc/HACKING.md doc/REPLAY.md
