"""Programs that inject faults into a running deployment: load, races, killed processes, a wrong clock."""
