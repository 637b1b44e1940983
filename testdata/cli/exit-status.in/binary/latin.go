package main

var s = "ÿş"
