// Command small_task is the smallest program with one task: how soon such a program has come and
// gone, and how large it is, is measured from outside.
package main

import "fmt"

func main() {
	answer := make(chan int)
	go func() { answer <- 42 }()
	fmt.Println(<-answer)
}
