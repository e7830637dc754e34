"""The decoder of scans, which runs in a separate process.

`workcards.scans.validation` starts the process for each file.

A few kilobytes of JPEG can need minutes of a processor. A few hundred bytes of PDF can ask for a thousand million
drawings, or an image of a terabyte. The decoders are C and C++ code that reads untrusted input. So the process has
limits of memory and time, an empty environment and a low priority. A crash does not affect other processes. These
modules import no other module of the project.
"""
