"""A class in one room: the teacher's steps, the students' predictions, one experiment spread over all of them.

Reading order: activity (what a room shows), demonstrations (six that ship), from_lesson (a lesson as one),
models and database (what is kept), store (the only door to it), rights (who is the teacher), tally and pictures
(answers -> numbers -> charts), measured (what a lesson found), then the pages: teacher, stage, student.
"""
