"""The lead desk 线索工作台: what somebody has to do about the records of an object that has pools."""
