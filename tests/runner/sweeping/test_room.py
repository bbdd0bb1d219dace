from runner.sweeping.room import Room


def test_a_result_that_finds_no_room_is_passed_on_when_another_is_taken():
    room, passed_on = Room(2), []
    for number in range(5):
        room.come(lambda number=number: passed_on.append(number))
    assert passed_on == [0, 1]
    room.taken()
    assert passed_on == [0, 1, 2]
    for _ in range(4):
        room.taken()
    assert passed_on == [0, 1, 2, 3, 4]
    room.come(lambda: passed_on.append(5))
    assert passed_on[-1] == 5


def test_there_is_room_for_one_where_no_worker_is_known():
    room, passed_on = Room(0), []
    room.come(lambda: passed_on.append(0))
    assert passed_on == [0]
