"""Reads scans in a process of its own, which `workcards.scans.validation` starts for every file.

A few kilobytes of JPEG can ask for minutes of a processor, a few hundred bytes of PDF for a thousand million drawings or a
picture of a terabyte, and what decodes them is C and C++ that reads what strangers send. So it runs apart: with limits of
memory and time, without our environment, and behind everybody else in the queue for the processor. When it dies, nobody
else does. Modules here import nothing of ours from elsewhere.
"""
