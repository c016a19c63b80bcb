"""The pure core: all judgement as plain functions on plain data; no Kafka, no Faust, no clock, no I/O."""
