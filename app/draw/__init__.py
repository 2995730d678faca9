"""Draw a digit and ask every level of the digit learners what it sees.

strokes             what was drawn, as the 8 x 8 image that learners know
canvas              the place to draw, and the same image as 64 cells for the keyboard
questions           what a page and the worker say to each other
learn, learners     the worker that trains and answers, and the server's side of it
views               pure functions of an answer
"""
