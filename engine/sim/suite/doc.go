// Package suite answers: do scripts do what their tests say?
//
// [Run] plays the tests of a scripts folder, files named *_test.lua, and the scenarios that its scripts tell, each on a
// stage of its own and with as many seeds as wanted; a test that fails is told with the smallest seed that makes it fail. The [Report] can be printed, encoded as
// JSON or as JUnit's XML.
//
// Tests are played side by side, on all cores; Run returns when all have ended.
package suite
